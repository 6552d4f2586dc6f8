/** What the values of options are made from: the argument parsers of several commands. */
import { InvalidArgumentError } from 'commander';

export function wholeNumber(least: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
    return value;
  };
}

export function numberFrom(least: number, most: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most)) {
      throw new InvalidArgumentError(`Write a number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** Of an option that may be repeated, or separated by commas. */
export function wholeNumbers(text: string, before: readonly number[] = []): number[] {
  return [...before, ...text.split(',').map(part => wholeNumber(0)(part.trim()))];
}

/** Of an option that may be repeated. */
export function appended(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}
