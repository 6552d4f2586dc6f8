import { describe, expect, it } from 'vitest';
import { modelCases } from './test-models.ts';
import { summarise } from './test-summary.ts';

function lines(text: string): string[] {
  return text.split('\n').map(line => line.trim());
}

describe('models built by TensorFlow.js code', () => {
  it.each(modelCases)('$what', ({ code, expected }) => {
    expect(summarise(code)).toEqual(lines(expected));
  });
});
