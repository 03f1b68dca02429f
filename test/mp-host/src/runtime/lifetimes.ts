import type * as glassEasel from 'glass-easel';
import type { CodeSpace } from 'glass-easel-miniprogram-adapter';

type Component = glassEasel.GeneralComponent;

/**
 * Calls `ready`, which the adapter leaves to its host: once for every component, after the frame in which it was attached, and
 * before `onReady` of a page that was attached in the same frame.
 */
export class Lifetimes {
  readonly #waiting = new Set<Component>();
  readonly #after: (() => void)[] = [];
  #asked = false;

  /** Follows every component that is defined in the space from now on. */
  follow(space: CodeSpace): void {
    const waiting = this.#waiting;
    const ask = () => this.#ask();
    const behavior = space
      .behavior()
      .lifetime('created', function created() {
        const element = this._$.getBackendElement() as unknown as HTMLElement | null;
        element?.setAttribute?.('wx-is', this._$.is);
      })
      .lifetime('attached', function attached() {
        waiting.add(this._$ as unknown as Component);
        ask();
      })
      .lifetime('detached', function detached() {
        waiting.delete(this._$ as unknown as Component);
      })
      .register();
    // The builder's behaviour wraps that of the framework.
    space.setOverallBehavior((behavior as unknown as { _$: glassEasel.GeneralBehavior })._$);
  }

  /** Runs after the next frame's `ready` calls. */
  afterReady(run: () => void): void {
    this.#after.push(run);
    this.#ask();
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      const components = [...this.#waiting];
      this.#waiting.clear();
      for (const component of components) component.triggerLifetime('ready', []);
      for (const run of this.#after.splice(0)) run();
    });
  }
}
