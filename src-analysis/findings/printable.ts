const longestName = 80;

/** Control, bidirectional-override and line-separator characters: names come from untrusted files, reports go to terminals. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/** Text that cannot move a terminal's cursor or reorder a line. */
export function printable(text: string): string {
  return text.replace(unprintable, ' ');
}

/** A name from a model in quotes, of bounded length. */
export function quoteName(name: string): string {
  const clean = printable(name).trim();
  return `'${clean.length > longestName ? `${clean.slice(0, longestName - 1)}…` : clean}'`;
}
