/**
 * CPU milliseconds of one attack step: the squared distance of two gradients and its derivative with respect to the image,
 * i.e. double backpropagation, on ONNX Runtime's CPU provider with one thread. Medians of interleaved rounds.
 * CPU time rather than the clock's: on a busy machine the clock measures the neighbours.
 *
 *   node_modules/.bin/esbuild bench/attack-step.ts --bundle --platform=node --format=esm --packages=external \
 *     --outfile=out/attack-step.mjs && node out/attack-step.mjs
 *
 * With LEAKLINT_PROTOTYPE=<folder> the prototype in that folder (ir.mjs, onnx.mjs) runs the same networks in the same
 * rounds. LEAKLINT_BENCH=LeNet2,CNN6 limits the networks. LEAKLINT_ENGINES=wasm,tfjs-wasm measures other engines (see
 * choose.ts) as well, by the clock; TensorFlow.js is looked for in LEAKLINT_TFJS_FOLDER or the current folder.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { chooseEngine } from '../src-attack/engines/choose.ts';
import type { Engine, Program } from '../src-attack/engines/engine.ts';
import { loadOnnxCpu } from '../src-attack/engines/onnxruntime/load.ts';
import { reshape } from '../src-attack/ir/arrange.ts';
import { conv, convolutionGeometry } from '../src-attack/ir/convolution.ts';
import { add, leakyRelu, sub, tanh } from '../src-attack/ir/elementwise.ts';
import { gradient } from '../src-attack/ir/gradient.ts';
import { createGraph, type Node, sizeOf, type Values } from '../src-attack/ir/graph.ts';
import { crossEntropy } from '../src-attack/ir/loss.ts';
import { dense } from '../src-attack/ir/matmul.ts';
import { globalAveragePool } from '../src-attack/ir/pooling.ts';
import { addAll, squaredNorm } from '../src-attack/ir/reduce.ts';

/** A network in the prototype's notation: convolution, activation, global average, dense, residual block. */
type Part =
  | { t: 'conv'; i: number; o: number; k: number; s: number; p: number; b: boolean }
  | { t: 'act'; f: 'tanh' | 'leaky' | 'relu'; a?: number }
  | { t: 'gap' }
  | { t: 'fc'; i: number; o: number; b: boolean }
  | { t: 'block'; i: number; o: number; s: number; f: 'relu' };

interface Network {
  readonly name: string;
  readonly rounds: number;
  readonly spec: {
    readonly input: [number, number, number, number];
    readonly classes: number;
    readonly layers: Part[];
  };
}

interface Weight {
  readonly shape: number[];
  readonly data: Float32Array;
}

interface Runner {
  readonly name: string;
  step(): Promise<{ readonly loss: number; readonly dx: Values }>;
  dispose(): Promise<void>;
}

/** Times that every network is compiled and measured. */
const sessions = 5;

const networks: readonly Network[] = [
  { name: 'LeNet2', rounds: 60, spec: { input: [1, 3, 32, 32], classes: 10, layers: leNet2() } },
  { name: 'CNN6', rounds: 30, spec: { input: [1, 3, 32, 32], classes: 10, layers: cnn6() } },
  { name: 'ResNet-18-like', rounds: 5, spec: { input: [1, 3, 32, 32], classes: 10, layers: resNet18() } },
];

function leNet2(): Part[] {
  const sizes = [
    [3, 2],
    [12, 2],
    [12, 1],
  ] as const;
  return [
    ...sizes.flatMap(([i, s]): Part[] => [
      { t: 'conv', i, o: 12, k: 5, s, p: 2, b: false },
      { t: 'act', f: 'tanh' },
    ]),
    { t: 'fc', i: 768, o: 10, b: true },
  ];
}

/** The six convolutions of R-GAP's network (Zhu & Blaschko 2021). */
function cnn6(): Part[] {
  const sizes = [
    [3, 12, 4, 2, 2],
    [12, 36, 3, 2, 1],
    [36, 36, 3, 1, 1],
    [36, 36, 3, 1, 1],
    [36, 64, 3, 2, 1],
    [64, 128, 3, 1, 1],
  ] as const;
  return [
    ...sizes.flatMap(([i, o, k, s, p]): Part[] => [
      { t: 'conv', i, o, k, s, p, b: false },
      { t: 'act', f: 'leaky', a: 0.2 },
    ]),
    { t: 'fc', i: 3200, o: 10, b: false },
  ];
}

/** ResNet-18 for small images, without normalisation. */
function resNet18(): Part[] {
  const block = (i: number, o: number, s: number): Part => ({ t: 'block', i, o, s, f: 'relu' });
  const stages = [64, 128, 256, 512].flatMap((o, n) => [
    block(n === 0 ? 64 : o / 2, o, n === 0 ? 1 : 2),
    block(o, o, 1),
  ]);
  return [
    { t: 'conv', i: 3, o: 64, k: 3, s: 1, p: 1, b: false },
    { t: 'act', f: 'relu' },
    ...stages,
    { t: 'gap' },
    { t: 'fc', i: 512, o: 10, b: true },
  ];
}

/** Shapes of the weights in the order in which both implementations take them. */
function weightShapes(layers: readonly Part[]): number[][] {
  return layers.flatMap(layer => {
    if (layer.t === 'conv') return [[layer.o, layer.i, layer.k, layer.k], ...(layer.b ? [[layer.o]] : [])];
    if (layer.t === 'fc') return [[layer.o, layer.i], ...(layer.b ? [[layer.o]] : [])];
    if (layer.t !== 'block') return [];
    const shortcut = layer.s !== 1 || layer.i !== layer.o ? [[layer.o, layer.i, 1, 1]] : [];
    return [[layer.o, layer.i, 3, 3], [layer.o, layer.o, 3, 3], ...shortcut];
  });
}

let state = 1;
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32 - 0.5;
}

function randomArray(size: number, scale: number): Float32Array {
  return Float32Array.from({ length: size }, () => scale * random());
}

/** The network's training loss in Leaklint's graph. */
function forward(network: Network, x: Node, weights: readonly Node[]): Node {
  const rest = [...weights];
  const window = (s: number, p: number) => convolutionGeometry({ strides: [s, s], padBefore: [p, p] });
  let h = x;
  for (const layer of network.spec.layers) {
    if (layer.t === 'conv') {
      h = conv(h, rest.shift()!, window(layer.s, layer.p));
      if (layer.b) h = add(h, reshape(rest.shift()!, [1, layer.o, 1, 1]));
    } else if (layer.t === 'act') {
      h = layer.f === 'tanh' ? tanh(h) : leakyRelu(h, layer.f === 'relu' ? 0 : layer.a!);
    } else if (layer.t === 'gap') {
      h = globalAveragePool(h);
    } else if (layer.t === 'fc') {
      h = dense(reshape(h, [1, -1]), rest.shift()!, true);
      if (layer.b) h = add(h, rest.shift()!);
    } else {
      const [first, second] = [rest.shift()!, rest.shift()!];
      const shortcut = layer.s !== 1 || layer.i !== layer.o ? conv(h, rest.shift()!, window(layer.s, 0)) : h;
      const inner = leakyRelu(conv(h, first, window(layer.s, 1)), 0);
      h = leakyRelu(add(conv(inner, second, window(1, 1)), shortcut), 0);
    }
  }
  return h;
}

async function leaklint(
  engine: Engine,
  network: Network,
  weights: readonly Weight[],
  feeds: Record<string, Float32Array>,
): Promise<Runner> {
  const graph = createGraph();
  const x = graph.input('x', network.spec.input);
  const y = graph.input('y', [1, network.spec.classes]);
  const parameters = weights.map(({ shape, data }, i) => graph.constant(`w${i}`, shape, data));
  const gradients = gradient(crossEntropy(forward(network, x, parameters), y), parameters);
  const loss = addAll(gradients.map((node, i) => squaredNorm(sub(node, graph.input(`t${i}`, node.shape)))));
  const program: Program = await engine.compile({ loss, dx: gradient(loss, [x])[0]! });
  const { x: image, ...fixed } = feeds;
  await program.bind(fixed);
  return {
    name: engine.info.name,
    async step() {
      const result = await program.run({ x: image! });
      return { loss: result.loss![0]!, dx: result.dx! };
    },
    dispose: () => engine.dispose(),
  };
}

/** The prototype is plain JavaScript outside this repository; what it exports is described here. */
interface Prototype {
  readonly G: new () => object;
  attack(graph: object, spec: object, weights: object[], kind: 'dlg'): { readonly loss: object; readonly dx: object };
  toOnnx(graph: object, outputs: object, options: object): { readonly bytes: Uint8Array };
}

async function prototype(
  folder: string,
  network: Network,
  weights: readonly Weight[],
  feeds: Record<string, Float32Array>,
): Promise<Runner> {
  const load = async (file: string) => (await import(pathToFileURL(join(folder, file)).href)) as Prototype;
  const { G, attack } = await load('ir.mjs');
  const { toOnnx } = await load('onnx.mjs');
  const graph = new G();
  const named = weights.map((weight, i) => ({ ...weight, name: `w${i}` }));
  const { loss, dx } = attack(graph, network.spec, named, 'dlg');
  const { bytes } = toOnnx(graph, { loss, dx }, { convw: 'auto' });
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const shapes: Record<string, readonly number[]> = { x: network.spec.input, y: [1, network.spec.classes] };
  weights.forEach(({ shape }, i) => {
    shapes[`t${i}`] = shape;
  });
  return {
    name: 'prototype',
    async step() {
      const tensors = Object.fromEntries(
        Object.entries(feeds).map(([name, data]) => [name, new Tensor(data, shapes[name])]),
      );
      const result = await session.run(tensors);
      return { loss: (result.loss!.data as Float32Array)[0]!, dx: result.dx!.data as Float32Array };
    },
    dispose: () => session.release(),
  };
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

/** Largest difference of two vectors over the largest entry. */
function difference(a: Values, b: Values): number {
  let gap = 0;
  let scale = 0;
  for (let i = 0; i < a.length; i++) {
    gap = Math.max(gap, Math.abs(a[i]! - b[i]!));
    scale = Math.max(scale, Math.abs(a[i]!));
  }
  return gap / scale;
}

/** Random weights, image and target gradients. */
function problemOf(network: Network): { readonly weights: Weight[]; readonly feeds: Record<string, Float32Array> } {
  const weights = weightShapes(network.spec.layers).map(shape => ({
    shape,
    data: randomArray(sizeOf(shape), 2 / Math.sqrt(sizeOf(shape) / shape[0]!)),
  }));
  const y = new Float32Array(network.spec.classes);
  y[4] = 1;
  const feeds: Record<string, Float32Array> = { x: randomArray(sizeOf(network.spec.input), 1), y };
  weights.forEach(({ data }, i) => {
    feeds[`t${i}`] = randomArray(data.length, 0.01);
  });
  return { weights, feeds };
}

async function measure(network: Network): Promise<void> {
  const { weights, feeds } = problemOf(network);
  const folder = process.env.LEAKLINT_PROTOTYPE;
  const medians: number[][] = [];
  let agreement = '';
  // Where a session's memory happens to lie changes its speed: each is made anew several times.
  for (let session = 0; session < sessions; session++) {
    const runners = [await leaklint(await loadOnnxCpu(1), network, weights, feeds)];
    if (folder) runners.push(await prototype(folder, network, weights, feeds));
    medians.push(await interleaved(runners, network.rounds));
    if (runners.length > 1) agreement = `  dx differs by ${(await disagreement(runners)).toExponential(1)}`;
    for (const runner of runners) await runner.dispose();
  }
  const [ours, theirs] = medians[0]!.map((_, i) => median(medians.map(each => each[i]!)));
  const compared =
    theirs === undefined ? '' : `  prototype ${theirs.toFixed(2)} ms  ratio ${(ours! / theirs).toFixed(2)}`;
  console.log(`${network.name.padEnd(16)} leaklint ${ours!.toFixed(2)} ms${compared}${agreement}`);
}

/** Median milliseconds of a step on another engine, and how far its result is from the CPU's. */
async function measureElsewhere(choice: string, network: Network): Promise<void> {
  const { weights, feeds } = problemOf(network);
  const folder = process.env.LEAKLINT_TFJS_FOLDER ?? process.cwd();
  const { engine } = await chooseEngine(choice, { folder });
  const runner = await leaklint(engine, network, weights, feeds);
  const reference = await leaklint(await loadOnnxCpu(1), network, weights, feeds);
  const apart = await disagreement([reference, runner]);
  const times: number[] = [];
  for (let round = 0; round < 11; round++) {
    const start = performance.now();
    await runner.step();
    times.push(performance.now() - start);
  }
  console.log(
    `${network.name.padEnd(16)} ${runner.name} ${median(times).toFixed(2)} ms  dx differs by ${apart.toExponential(1)}`,
  );
  await runner.dispose();
  await reference.dispose();
}

/** Median CPU milliseconds of each runner's step, one step of each in every round. */
async function interleaved(runners: readonly Runner[], rounds: number): Promise<number[]> {
  const times = runners.map((): number[] => []);
  for (const runner of runners) for (let warmUp = 0; warmUp < 3; warmUp++) await runner.step();
  for (let round = 0; round < rounds; round++) {
    for (const [i, runner] of runners.entries()) {
      const start = process.cpuUsage();
      await runner.step();
      const { user, system } = process.cpuUsage(start);
      times[i]!.push((user + system) / 1000);
    }
  }
  return times.map(median);
}

async function disagreement([first, second]: readonly Runner[]): Promise<number> {
  return difference((await first!.step()).dx, (await second!.step()).dx);
}

const chosen = process.env.LEAKLINT_BENCH?.split(',');
const elsewhere = process.env.LEAKLINT_ENGINES?.split(',') ?? [];
for (const network of networks) {
  if (chosen && !chosen.includes(network.name)) continue;
  await measure(network);
  for (const choice of elsewhere) await measureElsewhere(choice, network);
}
// Some libraries keep threads that would hold the process open.
process.exit(0);
