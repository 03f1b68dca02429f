import type * as glassEasel from 'glass-easel';

/** A page or component as the build hands it over. */
export interface BuiltUnit {
  readonly path: string;
  readonly kind: 'page' | 'component';
  readonly json: UnitConfig;
  readonly style: string;
  readonly template: glassEasel.template.ComponentTemplate['content'];
  /** Runs its script, which calls `Page` or `Component`. */
  readonly define: () => void;
}

export interface UnitConfig {
  readonly usingComponents?: Record<string, string>;
  readonly styleIsolation?: string;
  readonly addGlobalClass?: boolean;
  readonly navigationBarTitleText?: string;
  readonly navigationStyle?: 'default' | 'custom';
  readonly [key: string]: unknown;
}

export interface AppConfig {
  readonly pages: readonly string[];
  readonly subpackages?: readonly { readonly root: string; readonly pages: readonly string[] }[];
  readonly window?: UnitConfig;
  readonly tabBar?: { readonly list: readonly { readonly pagePath: string; readonly text: string }[] };
}

/** Everything the bundle knows. */
export interface BuiltApp {
  readonly appJson: AppConfig;
  readonly theme: Readonly<Record<'light' | 'dark', Readonly<Record<string, string>>>>;
  readonly scopeMark: string;
  readonly appStyle: string;
  readonly startApp: () => void;
  readonly units: readonly BuiltUnit[];
}

export type Query = Record<string, string>;

/** A page or component instance as its methods see it with `this`. */
export interface Caller {
  readonly _$: glassEasel.GeneralComponent;
  readonly data: Record<string, unknown>;
  setData(data: Record<string, unknown>, callback?: () => void): void;
  route?: string;
  options?: Query;
  [key: string]: unknown;
}

/** A share that the user, or the menu, asked for. */
export interface Share {
  readonly from: 'button' | 'menu';
  readonly result: Record<string, unknown>;
}
