/** Stands in class names for the style scope, which is known only when the component is registered. */
export const SCOPE_MARK = '__scope__--';

const IDENT = /[\w\u0080-\uffff\\-]/u;
/** Pseudo-classes whose argument is again a selector. */
const SELECTOR_FUNCTIONS = new Set(['not', 'is', 'where', 'has', 'host', 'matches']);

export interface SelectorRules {
  /** Put the scope's mark before every class name. */
  readonly scoped: boolean;
  /** What `:host` stands for; `null` in a page. */
  readonly host: string | null;
}

/**
 * A WXSS selector as a CSS selector of the rendered tree: tags become `wx-…`, classes carry the mark of their scope, ids match
 * the prefixed ids of the DOM, `:host` the component's own element.
 */
export function rewriteSelector(selector: string, rules: SelectorRules): string {
  let out = '';
  let at = 0;
  let atStart = true;
  const ident = (): string => {
    const from = at;
    while (at < selector.length && IDENT.test(selector[at] ?? '')) at += selector[at] === '\\' ? 2 : 1;
    return selector.slice(from, at);
  };
  const until = (close: string): string => {
    const from = at;
    while (at < selector.length && selector[at] !== close) at++;
    at++;
    return selector.slice(from, at);
  };
  while (at < selector.length) {
    const char = selector[at] ?? '';
    if (char === '.') {
      at++;
      out += `.${rules.scoped ? SCOPE_MARK : ''}${ident()}`;
      atStart = false;
    } else if (char === '#') {
      at++;
      // The framework prefixes ids of the DOM, since every component has ids of its own.
      out += `[id$="--${ident()}"]`;
      atStart = false;
    } else if (char === '[') {
      out += until(']');
      atStart = false;
    } else if (char === ':') {
      out += pseudo();
      atStart = false;
    } else if (IDENT.test(char) && atStart) {
      const tag = ident();
      out += tag === 'page' ? 'wx-page' : `wx-${tag}`;
      atStart = false;
    } else {
      out += char;
      atStart = /[\s>+~,(]/.test(char);
      at++;
    }
  }
  return out;

  function pseudo(): string {
    const from = at;
    while (selector[at] === ':') at++;
    const name = ident();
    if (name === 'host' && rules.host !== null) {
      if (selector[at] !== '(') return rules.host;
      at++;
      return `${rules.host}${rewriteSelector(until(')').slice(0, -1), rules)}`;
    }
    const head = selector.slice(from, at);
    if (selector[at] !== '(') return head;
    at++;
    const inner = until(')').slice(0, -1);
    return `${head}(${SELECTOR_FUNCTIONS.has(name) ? rewriteSelector(inner, rules) : inner})`;
  }
}
