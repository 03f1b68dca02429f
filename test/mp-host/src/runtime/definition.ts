/**
 * Places in the options of `Page` or `Component` where something with a class of its own stands. WeChat copies the options
 * for each page that is opened (so does the framework here), and the copy has the fields alone: methods, getters and private
 * fields are gone when the page wants them.
 */
export function instancesIn(definition: unknown): string[] {
  const found: string[] = [];
  const seen = new Set<object>();
  const look = (value: unknown, place: string): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (!Array.isArray(value) && !isPlain(value)) {
      found.push(place);
      return;
    }
    for (const [name, inner] of Object.entries(value)) look(inner, place === '' ? name : `${place}.${name}`);
  };
  if (typeof definition !== 'object' || definition === null) return found;
  for (const [name, value] of Object.entries(definition)) {
    // Made by `Behavior()`, which are the framework's own, not copied.
    if (name !== 'behaviors') look(value, name);
  }
  return found;
}

/** By its depth, since tests may bring objects of another realm: `Object.prototype` is not the same there. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
