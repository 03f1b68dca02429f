import { CLIENT_ATTRIBUTE, PHONE_CLIENT } from '@lianmai/protocol';

/** Whether somebody takes part from a mini program, by the attribute that the server gave him. */
export function isPhone(participant: { readonly attributes: Readonly<Record<string, string>> }): boolean {
  return participant.attributes[CLIENT_ATTRIBUTE] === PHONE_CLIENT;
}
