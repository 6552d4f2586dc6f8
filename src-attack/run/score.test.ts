import { expect, test } from 'vitest';
import { paperPreprocess } from '../image/preprocess.ts';
import { type ImageShape, picturesToInput } from '../image/tensor.ts';
import type { PreparedRun } from './prepare.ts';
import { bestScores, meanScores, scoresOf } from './score.ts';

const shape: ImageShape = { width: 4, height: 4, channels: 1, dataFormat: 'channelsFirst' };
const picture = (value: (i: number) => number) => ({
  width: 4,
  height: 4,
  channels: 1 as const,
  pixels: Uint8Array.from({ length: 16 }, (_, i) => value(i)),
});
const pictures = [picture(i => 10 * i), picture(i => 160 - 10 * i), picture(i => (i % 2) * 200)];
const input = (list: typeof pictures) => picturesToInput(list, shape, paperPreprocess);

function prepared(targets: typeof pictures | null): PreparedRun {
  const known = targets && { pictures: targets, input: input(targets) };
  return { problem: { shape, preprocess: paperPreprocess }, targets: known } as PreparedRun;
}

test('images are found wherever they stand in the batch', () => {
  const [a, b, c] = pictures as [(typeof pictures)[0], (typeof pictures)[0], (typeof pictures)[0]];
  const matched = scoresOf(prepared([a, b, c]), input([c, a, b]));
  expect(matched?.places).toEqual([1, 2, 0]);
  expect(matched?.images.map(({ psnr }) => psnr)).toEqual([null, null, null]);
});

test('neighbours take what is left over', () => {
  const [a, b, c] = pictures as [(typeof pictures)[0], (typeof pictures)[0], (typeof pictures)[0]];
  expect(scoresOf(prepared([b]), input([c, a, b]))?.places).toEqual([2]);
});

test('a captured gradient has no scores', () => {
  expect(scoresOf(prepared(null), input(pictures))).toBeNull();
});

test('a mean counts equal images as 300 dB and is infinite only if all are equal', () => {
  const equal = { psnr: null, ssim: 1, mse: 0 };
  const far = { psnr: 20, ssim: 0.5, mse: 0.01 };
  expect(meanScores([equal, far])).toEqual({ psnr: 160, ssim: 0.75, mse: 0.005 });
  expect(meanScores([equal, equal]).psnr).toBeNull();
  expect(bestScores([far, equal])).toBe(equal);
});
