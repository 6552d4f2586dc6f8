import { expect, it } from 'vitest';
import { type LayerConfig, unknown } from './config.ts';
import { declaredInputShape } from './input.ts';

const cases: readonly [className: string, config: LayerConfig, shape: readonly (number | null)[] | null | undefined][] =
  [
    ['Conv2D', { inputShape: [28, 28, 1] }, [28, 28, 1]],
    ['Conv2D', { batchInputShape: [null, null, 28, 1] }, [null, 28, 1]],
    ['Conv2D', { inputShape: null, batchInputShape: [8, 5] }, [5]],
    ['Dense', { inputShape: 5 }, [5]],
    ['Dense', { inputDim: 5 }, [5]],
    ['Dense', { inputShape: [unknown('an argument'), 3] }, [null, 3]],
    ['Dense', { inputShape: unknown('an argument') }, null],
    ['Dense', {}, undefined],
    ['Conv2D', { inputDim: 5 }, undefined],
    ['Embedding', {}, [null]],
    ['Embedding', { inputLength: 9 }, [9]],
    ['InputLayer', { batchShape: [null, 4, 4] }, [4, 4]],
    ['InputLayer', { shape: [4] }, [4]],
  ];

it.each(cases)('reads the declared input shape of %s %j', (className, config, shape) => {
  expect(declaredInputShape(className, config)).toEqual(shape);
});
