import { readFileSync } from 'node:fs';

/** Text of a model.json among the fixtures. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/tfjs-json/${name}`, import.meta.url), 'utf8');
}
