import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeLayer } from '../src-analysis/readers/tfjs-layers/build.ts';
import { baseClasses, classNameOf, layerFactories } from '../src-analysis/readers/tfjs-layers/catalogue.ts';
import { type Application, configurations } from './tfjs-shapes/configurations.ts';
import { ask } from './tfjs-shapes/oracle.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

function snake(role: string): string {
  return (role.split('.').at(-1) ?? '').replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

/**
 * Where we refuse and TensorFlow.js may go on: sizes of zero, which it builds into empty or infinite tensors, and a
 * bias on the wrong axis, which shows in the shape only if the two axes differ in length.
 */
const stricter = [/positive integer/, /bias of separableConv2d/];

function agree(className: string, { config, inputShapes }: Application): void {
  const ours = describeLayer(className, config, inputShapes);
  const theirs = ask(className, config, inputShapes);
  if ('refused' in theirs) {
    expect(ours.problems, `TensorFlow.js refuses: ${theirs.refused}`).not.toEqual([]);
    return;
  }
  expect(ours.problems.filter(problem => !stricter.some(pattern => pattern.test(problem)))).toEqual([]);
  if (ours.problems.length > 0) return;
  expect(ours.outputShapes).toEqual(theirs.outputShapes);
  const weights = ours.weights.map(({ role, shape, trainable }) => ({ role: snake(role), shape, trainable }));
  expect(weights).toEqual(theirs.weights);
}

describe('random configurations', () => {
  it.each(Object.keys(configurations))('%s', className => {
    fc.assert(
      fc.property(configurations[className]!, application => agree(className, application)),
      { numRuns: 100 },
    );
  });
});
