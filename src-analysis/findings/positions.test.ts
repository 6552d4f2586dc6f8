import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineStartsOf, positionAt } from './positions.ts';

/** Lines and columns by splitting: slow and plain. */
function positionBySplitting(text: string, offset: number) {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: lines.length - 1, character: lines[lines.length - 1]?.length ?? 0 };
}

describe('positions', () => {
  it('agree with splitting the text, at every offset outside a \\r\\n', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r\n', '\r', 'é', '😀'), maxLength: 40 });
    fc.assert(
      fc.property(text, content => {
        const starts = lineStartsOf(content);
        for (let offset = 0; offset <= content.length; offset++) {
          if (content[offset - 1] === '\r' && content[offset] === '\n') continue;
          expect(positionAt(starts, offset)).toEqual(positionBySplitting(content, offset));
        }
      }),
      { numRuns: 200 },
    );
  });
});
