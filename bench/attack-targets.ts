/**
 * How close every attack comes on the paper's models, against what it must reach.
 *
 *   LEAKLINT_MODELS=folder of the .onnx files LEAKLINT_IMAGES=folder of CIFAR-10 pictures [LEAKLINT_FIGURES=attacks.json]
 *   [LEAKLINT_ROWS=regular expression] npm run bench attack-targets
 *
 * The figures of the published code are compared on clamped images, as ours are. The pictures are third-party data and
 * therefore not in the repository: 03-deer.png with label 4, and for the batch 00-frog, 01-truck, 03-deer, 04-automobile.
 */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { readOnnx } from '../src-analysis/readers/onnx/read.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { attackNamed } from '../src-attack/attacks/registry.ts';
import { runAttack } from '../src-attack/attacks/run-attack.ts';
import { type ChainLayer, chainVictim, uniformWeights } from '../src-attack/attacks/testing/chain-victim.ts';
import { observe } from '../src-attack/attacks/testing/problem.ts';
import { loadOnnxCpu } from '../src-attack/engines/onnxruntime/load.ts';
import { decodePicture } from '../src-attack/image/decode.ts';
import type { Picture } from '../src-attack/image/picture.ts';
import { assign } from '../src-attack/metrics/assignment.ts';
import { prepareRun } from '../src-attack/run/prepare.ts';
import { runAttacks } from '../src-attack/run/run.ts';
import { printTable } from './table.ts';

const {
  LEAKLINT_MODELS: models,
  LEAKLINT_IMAGES: images,
  LEAKLINT_FIGURES: figures,
  LEAKLINT_ROWS: rows = '',
} = process.env;

interface Outcome {
  /** Smallest PSNR of the images, dB. */
  readonly psnr: number;
  readonly exact: boolean;
  readonly seconds: number;
}
interface Row {
  readonly model: string;
  readonly attack: string;
  readonly target: number | 'exact';
  readonly from: string;
  readonly run: () => Promise<Outcome>;
}

const engine = await loadOnnxCpu(1);
const picture = (name: string): Picture =>
  decodePicture(new Uint8Array(readFileSync(path.join(images!, `${name}.png`))));

/** The middle of a picture, pixel by pixel. */
function centre(source: Picture, side: number): Picture {
  const offset = (source.width - side) / 2;
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side), i % 3];
    return source.pixels[((y + offset) * source.width + x + offset) * 3 + c]!;
  });
  return { width: side, height: side, channels: 3, pixels };
}

async function onPaperModel(name: string, method: string): Promise<Outcome> {
  const file = { path: `${name}.onnx`, bytes: new Uint8Array(readFileSync(path.join(models!, `${name}.onnx`))) };
  const prepared = await prepareRun(
    {
      model: readOnnx(file, neverCancelled).models[0]!,
      file,
      shard: () => undefined,
      example: { kind: 'image', bytes: new Uint8Array(readFileSync(path.join(images!, '03-deer.png'))) },
      label: 4,
      preprocess: 'x/255 - 0.5',
      seed: 10,
    },
    engine,
  );
  const request = { model: name, summary: '', image: '', methods: [method], seed: 10 };
  const { results } = await runAttacks(prepared, request, { cancel: neverCancelled, emit: () => {} });
  const result = results[0]!;
  const psnr = result.mse === 0 ? Number.POSITIVE_INFINITY : (result.psnr ?? Number.NEGATIVE_INFINITY);
  return { psnr, exact: result.pixelExact, seconds: result.seconds };
}

type Shape = 'LeNet2' | 'LeNet';

/**
 * LeNet2's layers with another activation, on crops; weights as PyTorch initialises them. LeNet is the same with 5×5
 * kernels in front and biases (10,066 weights at 16²): with ReLU it determines a picture of 16², for which LeNet2 has too
 * few equations of units that are on.
 */
async function onLeNet(
  net: Shape,
  activation: 'tanh' | 'relu' | 'leaky',
  side: number,
  names: readonly string[],
  labels: readonly number[],
): Promise<Outcome> {
  const sigma: ChainLayer =
    activation === 'tanh' ? { type: 'tanh' } : { type: 'leakyRelu', alpha: activation === 'relu' ? 0 : 0.01 };
  const bias = net === 'LeNet';
  const [kernel, padding] = bias ? [5, 2] : [3, 1];
  const layers: ChainLayer[] = [
    { type: 'conv', filters: 12, kernel, stride: 2, padding, bias },
    sigma,
    { type: 'conv', filters: 12, kernel: 5, stride: 2, padding: 2, bias },
    sigma,
    { type: 'conv', filters: 12, kernel: 5, stride: 1, padding: 2, bias },
    sigma,
    { type: 'dense', units: 10, bias: true },
  ];
  const victim = chainVictim([names.length, 3, side, side], layers, uniformWeights(10));
  const pictures = names.map(name => centre(picture(name), side));
  const { problem, psnr } = await observe(victim, engine, pictures, labels);
  const attack = attackNamed('gauss-newton')!;
  const { x, seconds } = await runAttack(attack, problem, { seed: 10 }, { cancel: neverCancelled });
  if (!x) return { psnr: Number.NEGATIVE_INFINITY, exact: false, seconds };
  // With distinct labels each place of the batch has its own image; the matching confirms it.
  const size = x.length / names.length;
  const image = (b: number) => x.slice(b * size, (b + 1) * size);
  const scores = names.map((_, found) => names.map((__, truth) => psnrOf(image(found), truth)));
  function psnrOf(part: Float64Array, truth: number): number {
    const whole = new Float64Array(x!.length);
    whole.set(part, truth * size);
    return psnr(whole, truth);
  }
  const matched = assign(scores.map(line => line.map(score => -score)));
  const worst = Math.min(...matched.map((truth, found) => scores[found]![truth]!));
  // Rounding to 8 bits hides errors below half a level in every pixel: certain from 54 dB + 10·log10(n).
  return { psnr: worst, exact: worst > 54.2 + 10 * Math.log10(size), seconds };
}

function paperRows(): Row[] {
  const ours: [string, number | 'exact'][] = [
    ['cnn2_c1', 'exact'],
    ['LeNet2', 'exact'],
    ['cnn4_c2', 38],
    ['cnn2_c2', 30.5],
    ['cnn3_c1', 27],
  ];
  const list: Row[] = ours.map(([model, target]) => ({
    model,
    attack: 'gauss-newton',
    target,
    from: 'ours',
    run: () => onPaperModel(model, 'gauss-newton'),
  }));
  for (const model of ['cnn2_c1', 'LeNet2']) {
    list.push({ model, attack: 'r-gap', target: 'exact', from: 'ours', run: () => onPaperModel(model, 'r-gap') });
  }
  const published = figures
    ? (
        JSON.parse(readFileSync(figures, 'utf8')) as {
          runs: { model: string; method: string; psnr_peak1_clipped: number }[];
        }
      ).runs
    : [];
  for (const { model, method, psnr_peak1_clipped: reached } of published) {
    const attack = method === 'rgap' ? 'r-gap' : method;
    list.push({
      model,
      attack,
      target: reached - 1.5,
      from: 'published code − 1.5',
      run: () => onPaperModel(model, attack),
    });
  }
  return list;
}

const batch: [string[], number[]] = [
  ['00-frog', '01-truck', '03-deer', '04-automobile'],
  [6, 9, 4, 1],
];
const deer: [string[], number[]] = [['03-deer'], [4]];
const onLeNets: readonly [string, number | 'exact', () => Promise<Outcome>][] = [
  ['LeNet2, batch of 4, 16²', 40, () => onLeNet('LeNet2', 'tanh', 16, ...batch)],
  ['LeNet, ReLU, 16²', 'exact', () => onLeNet('LeNet', 'relu', 16, ...deer)],
  ['LeNet, ReLU, 32²', 35, () => onLeNet('LeNet', 'relu', 32, ...deer)],
  ['LeNet2, ReLU, 16²', 40, () => onLeNet('LeNet2', 'relu', 16, ...deer)],
  ['LeNet2, ReLU, 32²', 35, () => onLeNet('LeNet2', 'relu', 32, ...deer)],
  ['LeNet, leaky ReLU 0.01, 16²', 'exact', () => onLeNet('LeNet', 'leaky', 16, ...deer)],
];
const otherRows: Row[] = onLeNets.map(([model, target, run]) => ({
  model,
  attack: 'gauss-newton',
  target,
  from: 'ours',
  run,
}));

if (!models || !images) {
  console.log('Not available: set LEAKLINT_MODELS and LEAKLINT_IMAGES (see the head of this file).');
} else {
  const wanted = [...paperRows(), ...otherRows].filter(row => new RegExp(rows).test(`${row.model} ${row.attack}`));
  const lines: (string | number)[][] = [];
  for (const { model, attack, target, from, run } of wanted) {
    const { psnr, exact, seconds } = await run();
    const met = target === 'exact' ? exact : psnr >= target;
    const wants = target === 'exact' ? 'pixel-exact' : `≥ ${target.toFixed(1)}`;
    lines.push([
      model,
      attack,
      `${psnr.toFixed(1)}${exact ? ' (pixel-exact)' : ''}`,
      wants,
      from,
      met ? 'met' : 'MISSED',
      seconds,
    ]);
    console.error(lines.at(-1)!.join('  '));
  }
  printTable(['model', 'attack', 'PSNR, dB', 'target', 'of', '', 'seconds'], lines);
}
