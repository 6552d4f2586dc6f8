import { isIdentifier, isNumberWord, isTypeWord } from './type-names.ts';

/** A string of the syntax: a backslash stands before quotes and backslashes, everything else as it is. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** A name, quoted where it is no identifier or would be read as a type or a number. */
export function nameText(name: string): string {
  return isIdentifier(name) && !isTypeWord(name) && !isNumberWord(name) ? name : quoted(name);
}

export function namesText(names: readonly string[]): string {
  return names.map(nameText).join(', ');
}
