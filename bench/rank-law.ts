/**
 * The rank law against exact elimination: how often it fails on random geometries, inside and outside the zone that it flags
 * itself, and on the published models; its time against numpy's rank of the same matrices.
 *
 *   npm run bench rank-law
 *
 * LEAKLINT_PYTHON names a python with numpy (default python3). LEAKLINT_BENCH_RUNS is the number of small geometries
 * (4000); of large ones there are a fortieth.
 */
import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import fc from 'fast-check';
import { type ConvGeometry, geometryKey } from '../src-analysis/model/analysis.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { exactRanks } from '../src-analysis/solubility/finite-field.ts';
import { genericRanks } from '../src-analysis/solubility/law.ts';
import { axisWindows } from '../src-analysis/solubility/sparse-system.ts';
import {
  anyGeometry,
  type GoldenConvolution,
  goldenModels,
  practicalGeometry,
  realisticGeometry,
} from './geometries.ts';
import { cpuMilliseconds, printTable } from './table.ts';

const runs = Number(process.env.LEAKLINT_BENCH_RUNS ?? 4000);
const seed = 20_261_122;

type Zone = 'W or K full' | 'trusted' | 'near-critical' | 'outside the domain';

function zoneOf(g: ConvGeometry): Zone {
  const { nearCritical, outsideDomain, weights, gradients, touched } = genericRanks(g);
  if (outsideDomain) return 'outside the domain';
  if (nearCritical) return 'near-critical';
  return weights === touched || gradients === touched ? 'W or K full' : 'trusted';
}

function failureRates(title: string, geometry: fc.Arbitrary<ConvGeometry>, count: number): void {
  const zones = new Map<Zone, { count: number; weights: number; gradients: number; system: number; off: number }>(
    (['W or K full', 'trusted', 'near-critical', 'outside the domain'] as const).map(zone => [
      zone,
      { count: 0, weights: 0, gradients: 0, system: 0, off: 0 },
    ]),
  );
  for (const [i, g] of fc.sample(geometry, { seed, numRuns: count }).entries()) {
    const law = genericRanks(g);
    const exact = exactRanks(g, neverCancelled, i + 1);
    if (!exact) throw new Error(`out of reach: ${geometryKey(g)}`);
    const zone = zones.get(zoneOf(g))!;
    zone.count++;
    if (law.weights !== exact.weights) zone.weights++;
    if (law.gradients !== exact.gradients) zone.gradients++;
    if (law.system !== exact.system) zone.system++;
    zone.off = Math.max(zone.off, Math.abs(law.system - exact.system) / Math.max(1, exact.touched));
  }
  console.log(`${count} random geometries, ${title} (seed ${seed}): the law against elimination over GF(p)\n`);
  printTable(
    ['zone', 'geometries', 'rank W wrong', 'rank K wrong', 'rank U wrong', 'rate of U, %', 'worst error, % of touched'],
    [...zones].map(([zone, z]) => [
      zone,
      z.count,
      z.weights,
      z.gradients,
      z.system,
      z.count === 0 ? '–' : ((100 * z.system) / z.count).toFixed(2),
      (100 * z.off).toFixed(1),
    ]),
  );
  console.log();
}

function publishedModels(): void {
  const fixtures = path.join(process.cwd(), 'test/fixtures');
  const all = [...goldenModels(fixtures).values()].flat();
  const different = [...new Map(all.map(layer => [geometryKey(layer.geometry), layer])).values()];
  const numpy = numpyRanks(different.map(({ geometry }) => geometry));
  for (const { geometry } of different) genericRanks(geometry);
  const rows = different.map((layer, i) => {
    const { geometry, ranks } = layer;
    const repeats = 20;
    const law = cpuMilliseconds(() => {
      for (let k = 1; k < repeats; k++) genericRanks(geometry);
      return genericRanks(geometry);
    });
    const exact = cpuMilliseconds(() => exactRanks(geometry, neverCancelled)!);
    const lawMs = law.ms / repeats;
    const inNumpy = numpy?.[i];
    const numpyMs = inNumpy?.ms;
    return [
      describe(layer),
      agrees(law.result, ranks),
      lawMs.toFixed(2),
      agrees(exact.result, ranks),
      exact.ms,
      inNumpy ? (inNumpy.rank === ranks.system ? 'agrees' : `${inNumpy.rank}`) : '–',
      numpyMs === undefined ? '–' : Math.round(numpyMs).toLocaleString('en-US'),
      numpyMs === undefined ? '–' : `${Math.round(numpyMs / lawMs).toLocaleString('en-US')}×`,
    ];
  });
  console.log(`the ${different.length} different convolutions of the ${all.length} in the published models, CPU ms\n`);
  printTable(['layer', 'law', 'law ms', 'elimination', 'ms', 'numpy', 'numpy ms', 'numpy / law'], rows);
  if (!numpy) console.log('\nnumpy: not available (LEAKLINT_PYTHON names a python that has it)');
  else console.log('\nnumpy: matrix_rank of U in float64, one thread; – where U has over 1,000 rows and columns');
}

function agrees(ranks: { weights: number; gradients: number; system: number }, golden: GoldenConvolution['ranks']) {
  const { weights, gradients, system } = ranks;
  return weights === golden.weights && gradients === golden.gradients && system === golden.system
    ? 'agrees'
    : `${weights}/${gradients}/${system} for ${golden.weights}/${golden.gradients}/${golden.system}`;
}

function describe({ model, index, geometry: g }: GoldenConvolution): string {
  const size = `${g.inChannels}→${g.filters}, ${g.input[0]}², ${g.kernel[0]}×${g.kernel[1]}`;
  return `${model}[${index}] ${size} s${g.strides[0]} p${g.before[0]}`;
}

/** CPU milliseconds of numpy.linalg.matrix_rank of U with random weights and δ; undefined where numpy is missing. */
function numpyRanks(geometries: readonly ConvGeometry[]): (NumpyRank | null)[] | undefined {
  const python = process.env.LEAKLINT_PYTHON ?? 'python3';
  const input = JSON.stringify(
    geometries.map(g => ({
      channels: g.inChannels,
      filters: g.filters,
      input: g.input,
      y: axisWindows(g, 0),
      x: axisWindows(g, 1),
      taps: g.kernel,
    })),
  );
  const env = { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  const { status, stdout } = spawnSync(python, ['-c', numpyProgram], { input, encoding: 'utf8', env });
  return status === 0 ? (JSON.parse(stdout) as (NumpyRank | null)[]) : undefined;
}

interface NumpyRank {
  readonly rank: number;
  readonly ms: number;
}

const numpyProgram = `
import json, sys, time
import numpy as np
out = []
for g in json.load(sys.stdin):
    C, F, (H, W), (kh, kw) = g["channels"], g["filters"], g["input"], g["taps"]
    P = len(g["y"]) * len(g["x"])
    rows, n = F * P + F * C * kh * kw, C * H * W
    if min(rows, n) > 1000:
        out.append(None)
        continue
    rng = np.random.default_rng(1)
    w = rng.normal(size=(F, C, kh, kw)) / np.sqrt(C * kh * kw)
    d = rng.normal(size=(F, P)) / np.sqrt(P)
    Wm = np.zeros((F, P, C, H, W))
    K = np.zeros((F, C, kh, kw, C, H, W))
    for a, ys in enumerate(g["y"]):
        for b, xs in enumerate(g["x"]):
            p = a * len(g["x"]) + b
            for u in ys:
                for v in xs:
                    Wm[:, p, :, u["cell"], v["cell"]] = w[:, :, u["tap"], v["tap"]]
                    for c in range(C):
                        K[:, c, u["tap"], v["tap"], c, u["cell"], v["cell"]] += d[:, p]
    U = np.concatenate([Wm.reshape(F * P, n), K.reshape(F * C * kh * kw, n)])
    start = time.process_time()
    rank = int(np.linalg.matrix_rank(U))
    out.append({"rank": rank, "ms": (time.process_time() - start) * 1000})
json.dump(out, sys.stdout)
`;

failureRates('small, as people write them', practicalGeometry, runs);
failureRates('small, anything with padding up to half the kernel', anyGeometry, runs);
failureRates('of the size of real layers', realisticGeometry, Math.ceil(runs / 40));
publishedModels();
