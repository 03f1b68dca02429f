/** What a participant is called; his identity until the server has told his name. */
export function displayName(participant: { readonly name?: string | undefined; readonly identity: string }): string {
  return participant.name || participant.identity;
}

/** Up to two letters for the picture of somebody without a camera; one character of a Chinese name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const first = [...(words[0] ?? '')][0] ?? '';
  if (/\p{Script=Han}/u.test(first)) return [...(words[0] ?? '')].at(-1) ?? first;
  const last = words.length > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : '';
  return (first + last).toUpperCase();
}

/** Of every colour: how much there is of it, and how light it is. White letters stand out from all 360 (WCAG 2.2, 1.4.3). */
const SATURATION = 42;
const LIGHTNESS = 32;

/** A colour that belongs to an identity, for CSS: the same on every screen, and dark enough for white letters. */
export function colourOf(identity: string): string {
  let hash = 0;
  for (const character of identity) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 3600;
  return `hsl(${hash % 360} ${SATURATION}% ${LIGHTNESS}%)`;
}
