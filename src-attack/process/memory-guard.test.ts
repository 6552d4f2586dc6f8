import { expect, test } from 'vitest';
import { watchMemory } from './memory-guard.ts';

test('a process that takes more than the limit is told so in a sentence', async () => {
  const words = { what: 'The measurement', advice: 'Try a smaller model.' };
  const message = await new Promise<string>(resolve => watchMemory(words, resolve, 1));
  expect(message).toMatch(/^The measurement needs more than 0 GiB, .*, and was stopped\. Try a smaller model\.$/);
});
