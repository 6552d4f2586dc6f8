import { type Attack, requireOneImage } from '../attack.ts';
import { gradientDistance } from '../objective.ts';
import { solveBackwards } from './backwards.ts';

/**
 * R-GAP (Zhu & Blaschko, ICLR 2021): backwards through the layers, the least-norm solution of U x = v for each
 * convolution, in float64 and matrix-free. Biases, padding and strides are taken into account; no iteration on the image.
 */
export const rGap: Attack = {
  name: 'r-gap',
  description: 'R-GAP (Zhu & Blaschko 2021): one linear system a layer, solved backwards from the dense layer.',
  async run(problem, _options, recorder) {
    requireOneImage(problem, rGap.name);
    recorder.expect(1);
    const x = await solveBackwards(problem, recorder);
    recorder.record(await gradientDistance(problem, x), x);
  },
};
