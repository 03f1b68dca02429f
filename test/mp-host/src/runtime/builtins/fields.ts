import type { CodeSpace } from 'glass-easel-miniprogram-adapter';
import { setDisabled } from '../tree.ts';
import { type Builtin, defineBuiltin, inside, type Properties } from './define.ts';

/** What a form collects from an element of a field. */
export interface Field {
  readonly name: string;
  readonly value: unknown;
  reset(): void;
}

const fields = new WeakMap<Element, () => Field>();

/** The field of an element, if it is one. */
export function fieldOf(element: Element): Field | null {
  return fields.get(element)?.() ?? null;
}

/** Makes the element take part in forms. */
export function beField<P extends Properties & { name: string }>(
  self: Builtin<P>,
  value: () => unknown,
  reset: () => void,
): void {
  fields.set(self.element, () => ({ name: self.props.name, value: value(), reset }));
}

const TEXT = {
  name: '',
  value: '',
  placeholder: '',
  placeholderStyle: '',
  placeholderClass: '',
  disabled: false,
  maxlength: 140,
  focus: false,
  cursor: -1,
  cursorSpacing: 0,
  cursorColor: '',
  selectionStart: -1,
  selectionEnd: -1,
  adjustPosition: true,
  holdKeyboard: false,
  confirmType: 'done',
  confirmHold: false,
  alwaysEmbed: false,
};

export function defineTextFields(space: CodeSpace): void {
  defineBuiltin(
    space,
    'input',
    { ...TEXT, type: 'text', password: false, safePasswordNonce: '', autoFocus: false },
    (self) => {
      const field = inside(self.element, 'input');
      field.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') self.emit('confirm', { value: field.value });
      });
      const behaviour = text(self, field);
      return {
        changed(names) {
          field.type = self.props.password ? 'password' : 'text';
          field.inputMode = { number: 'numeric', digit: 'decimal', idcard: 'numeric' }[self.props.type] ?? 'text';
          behaviour(names);
        },
      };
    },
  );
  const area = { ...TEXT, autoHeight: false, fixed: false, showConfirmBar: true, disableDefaultPadding: false };
  defineBuiltin(space, 'textarea', area, (self) => ({ changed: text(self, inside(self.element, 'textarea')) }));
}

type TextProps = typeof TEXT;

function text<P extends TextProps>(
  self: Builtin<P>,
  field: HTMLInputElement | HTMLTextAreaElement,
): (names: ReadonlySet<keyof P>) => void {
  const detail = () => ({ value: field.value, cursor: field.selectionStart ?? 0 });
  field.addEventListener('input', () => {
    self.set('value', field.value as P['value']);
    self.emit('input', { ...detail(), keyCode: 0 });
  });
  field.addEventListener('focus', () => self.emit('focus', { value: field.value, height: 0 }));
  field.addEventListener('blur', () => self.emit('blur', detail()));
  beField(
    self,
    () => field.value,
    () => {
      field.value = '';
      self.set('value', '' as P['value']);
    },
  );
  return (names) => {
    const { value, placeholder, disabled, maxlength, focus } = self.props;
    if (names.has('value') && field.value !== String(value)) field.value = String(value);
    field.placeholder = placeholder;
    field.disabled = disabled;
    if (maxlength >= 0) field.maxLength = maxlength;
    else field.removeAttribute('maxlength');
    if (names.has('focus') && focus) field.focus();
  };
}

export function defineToggles(space: CodeSpace): void {
  defineBuiltin(space, 'switch', { name: '', checked: false, disabled: false, type: 'switch', color: '' }, (self) => {
    const box = inside(self.element, 'input');
    box.type = 'checkbox';
    box.addEventListener('change', () => {
      self.set('checked', box.checked);
      self.emit('change', { value: box.checked });
    });
    beField(
      self,
      () => box.checked,
      () => {
        self.set('checked', false);
      },
    );
    return {
      changed() {
        box.checked = self.props.checked;
        box.disabled = self.props.disabled;
      },
    };
  });
  const range = {
    name: '',
    min: 0,
    max: 100,
    step: 1,
    value: 0,
    disabled: false,
    color: '',
    selectedColor: '',
    activeColor: '',
    backgroundColor: '',
    blockSize: 28,
    blockColor: '',
    showValue: false,
  };
  defineBuiltin(space, 'slider', range, (self) => {
    const track = inside(self.element, 'input');
    track.type = 'range';
    track.addEventListener('input', () => self.emit('changing', { value: Number(track.value) }));
    track.addEventListener('change', () => {
      self.set('value', Number(track.value));
      self.emit('change', { value: Number(track.value) });
    });
    beField(
      self,
      () => Number(track.value),
      () => {
        self.set('value', self.props.min);
      },
    );
    return {
      changed() {
        const { min, max, step, value, disabled } = self.props;
        Object.assign(track, {
          min: String(min),
          max: String(max),
          step: String(step),
          value: String(value),
          disabled,
        });
      },
    };
  });
}

/** Radios and checkboxes, and their groups, which alone have the event. */
export function defineChoices(space: CodeSpace): void {
  for (const tag of ['radio', 'checkbox'] as const) {
    defineBuiltin(space, tag, { value: '', checked: false, disabled: false, color: '' }, (self) => {
      const box = inside(self.element, 'input');
      box.type = tag;
      box.addEventListener('change', () => {
        self.element.dispatchEvent(new CustomEvent('mp-choice', { bubbles: true }));
      });
      return {
        changed() {
          box.checked = self.props.checked;
          box.disabled = self.props.disabled;
          box.value = self.props.value;
        },
      };
    });
    defineBuiltin(space, `${tag}-group`, { name: '' }, (self) => {
      const boxes = () => [...self.element.querySelectorAll<HTMLInputElement>(`wx-${tag} > input`)];
      const chosen = () => {
        const values = boxes()
          .filter((box) => box.checked)
          .map((box) => box.value);
        return tag === 'radio' ? (values[0] ?? '') : values;
      };
      self.element.addEventListener('mp-choice', (event) => {
        const hit = (event.target as Element).querySelector('input');
        if (tag === 'radio') for (const box of boxes()) box.checked = box === hit;
        self.emit('change', { value: chosen() });
      });
      beField(self, chosen, () => {
        for (const box of boxes()) box.checked = false;
      });
      return {};
    });
  }
}

export function defineForm(space: CodeSpace): void {
  defineBuiltin(space, 'form', { reportSubmit: false, reportSubmitTimeout: 0 }, (self) => {
    const all = () =>
      [...self.element.querySelectorAll('*')]
        .map(fieldOf)
        .filter((field): field is Field => field !== null && field.name !== '');
    self.element.addEventListener('mp-submit', () => {
      self.emit('submit', { value: Object.fromEntries(all().map((field) => [field.name, field.value])) });
    });
    self.element.addEventListener('mp-reset', () => {
      for (const field of all()) field.reset();
      self.emit('reset', {});
    });
    return {};
  });
  defineBuiltin(space, 'label', { for: '' }, (self) => {
    const CONTROLS = 'wx-switch, wx-radio, wx-checkbox, wx-button, wx-input, wx-textarea';
    self.element.addEventListener('click', (event) => {
      const control =
        self.props.for === ''
          ? self.element.querySelector(CONTROLS)
          : document.querySelector(`[id$="--${self.props.for}"]`);
      if (control === null || control.contains(event.target as Node)) return;
      const own = control.querySelector<HTMLElement>('input, textarea');
      if (own === null) control.dispatchEvent(new MouseEvent('click', { bubbles: false }));
      else if ((own as HTMLInputElement).type === 'text') own.focus();
      else own.click();
    });
    return {};
  });
}

export function definePicker(space: CodeSpace): void {
  const props = {
    name: '',
    mode: 'selector',
    range: [] as unknown[],
    rangeKey: '',
    value: null as unknown,
    disabled: false,
    start: '',
    end: '',
    fields: 'day',
    headerText: '',
    customItem: '',
    level: '',
  };
  defineBuiltin(space, 'picker', props, (self) => {
    beField(
      self,
      () => self.props.value,
      () => {
        self.set('value', null);
      },
    );
    const label = (item: unknown) =>
      self.props.rangeKey === '' ? String(item) : String((item as Record<string, unknown>)[self.props.rangeKey]);
    self.element.addEventListener('click', () => {
      if (self.props.disabled || document.querySelector('[data-testid=mp-picker]') !== null) return;
      const veil = document.createElement('div');
      veil.className = 'mp-veil mp-low';
      veil.dataset['testid'] = 'mp-picker';
      const box = document.createElement('div');
      box.className = 'mp-sheet';
      const close = (value: unknown) => {
        veil.remove();
        if (value === null) self.emit('cancel', {});
        else {
          self.set('value', value);
          self.emit('change', { value });
        }
      };
      const item = (text: string, testid: string, value: unknown) => {
        const button = document.createElement('button');
        button.textContent = text;
        button.dataset['testid'] = testid;
        button.addEventListener('click', () => close(value));
        box.append(button);
      };
      self.props.range.forEach((one, index) => {
        item(label(one), `mp-picker-${index}`, index);
      });
      item('取消', 'mp-picker-cancel', null);
      veil.append(box);
      document.body.append(veil);
    });
    // Dates, times and regions have no wheel here: tests hand a value in.
    self.element.addEventListener('mp-pick', (event) => {
      const value = (event as CustomEvent).detail;
      self.set('value', value);
      self.emit('change', { value });
    });
    return { changed: () => setDisabled(self.element, self.props.disabled) };
  });
}
