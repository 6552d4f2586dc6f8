/** What the analysis says about a model: plain data, the source of every report, hover and rule. */
import type { ModelGraph } from './graph.ts';

export type Verdict = 'soluble' | 'deficient' | 'unknown';

/** How a figure was obtained. `law`: generic rank in closed form; `finite-field`: exact elimination over GF(p). */
export type RankBasis = 'law' | 'finite-field' | 'not-covered';

/** One layer's linear system U x = v, U = [W; K] (Chen & Campbell 2022; Zhu & Blaschko 2021). All counts are entries or rows. */
export interface LayerAnalysis {
  /** Layer id in the graph. */
  readonly layer: number;
  /** Entries of the layer's input; null where a shape is unknown. */
  readonly unknowns: number | null;
  /** Unknowns that at least one output depends on. */
  readonly touched: number | null;
  readonly rows: { readonly weights: number; readonly gradients: number } | null;
  readonly rank: { readonly weights: number; readonly gradients: number; readonly system: number } | null;
  /** rank(U) − unknowns, never positive. */
  readonly deficiency: number | null;
  /** (d − i)/d of the paper's metric: 1 for the first convolution, 1/d for the last; null outside the metric. */
  readonly metricWeight: number | null;
  readonly verdict: Verdict;
  readonly basis: RankBasis;
  /** Why the verdict is unknown, or why the law was not trusted. */
  readonly reason?: string;
  /** The law is within its measured error here: exact elimination is asked for. */
  readonly nearCritical?: boolean;
  /** Padding over half the kernel and the like: the law does not claim to hold. */
  readonly outsideDomain?: boolean;
  /**
   * rank(U) at its least and at its most, where an assumption decides it: with no unit of a rectifier active and with all of
   * them, or with nothing and with everything known of another branch.
   */
  readonly rankRange?: { readonly least: number; readonly most: number };
  /** Share of active units from which on the layer is soluble; 1 or less. */
  readonly solubleFrom?: number;
  /** Largest batch for which the layer is soluble if each example's δ is known; null for any batch. */
  readonly batchLimit?: number | null;
  /** What all convolutions that read the same tensor know of it together, where there are several. */
  readonly joint?: JointSystem;
  readonly assumptions: readonly string[];
}

/** The system [W₁; K₁; W₂; K₂; …] of the layers that read one tensor, by the law. */
export interface JointSystem {
  /** Ids of the layers, in graph order. */
  readonly layers: readonly number[];
  /** Unknowns that at least one output of one of them depends on. */
  readonly touched: number;
  readonly rank: { readonly weights: number; readonly gradients: number; readonly system: number };
  /** `unknown` where equations and unknowns are too close in number for the law. */
  readonly verdict: Verdict;
}

export interface Metric {
  /** c(M) = Σ (rank(U_i) − n_i)(d − i)/d over the convolutions; null when there is none or none is covered. */
  readonly c: number | null;
  /** As the paper's code prints it: each term rounded half to even. */
  readonly cRounded: number | null;
  /** `partial` when a layer that should count is unknown. */
  readonly coverage: 'complete' | 'partial';
}

export interface Identifiable {
  /** r: generic rank of d(all gradients)/d(input); null when unknown. */
  readonly rank: number | null;
  /** n: entries of the model's input. */
  readonly unknowns: number | null;
  readonly fraction: number | null;
  /** `finite-field`: by elimination over GF(p) of the whole Jacobian at random weights; `numeric`: measured in float64. */
  readonly basis: 'law' | 'finite-field' | 'numeric' | 'unknown';
  /**
   * `exact`: rank of the Jacobian by elimination over a finite field. `law`: by the law where it has not been seen to fail.
   * `estimate`: by the law where it may be off, or by elimination where a random pattern of active units decides; `range` says
   * how far. Absent where r is unknown.
   */
  readonly certainty?: 'exact' | 'law' | 'estimate';
  /** Least and greatest r that the law's possible errors allow. */
  readonly range?: readonly [number, number];
  /** Layer id where the recursion loses the most, i.e. that decides r. */
  readonly bottleneck?: number;
  readonly reason?: string;
  readonly assumptions: readonly string[];
}

export interface ModelAnalysis {
  readonly metric: Metric;
  readonly identifiable: Identifiable;
  /** One entry for every layer that has weights or that a verdict concerns, in graph order. */
  readonly layers: readonly LayerAnalysis[];
  /** Geometries whose exact rank would replace a doubtful law; the host may run them and analyse again. */
  readonly pending: readonly ConvGeometry[];
  /** Key of {@link ExactRanks} under which the exact rank of the whole model would replace an estimate of r. */
  readonly pendingRank?: string;
}

/** The geometry that decides a convolution's generic ranks, with explicit padding. Arrays are [H, W] (1-D: H = 1). */
export interface ConvGeometry {
  readonly inChannels: number;
  readonly filters: number;
  readonly input: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly before: readonly [number, number];
  readonly after: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly groups: number;
}

/** Ranks of one geometry, whatever the method. */
export interface ConvRanks {
  readonly touched: number;
  readonly weights: number;
  readonly gradients: number;
  readonly system: number;
}

/** A stable key of everything the generic ranks depend on. */
export function geometryKey(g: ConvGeometry): string {
  return [
    g.inChannels,
    g.filters,
    ...g.input,
    ...g.kernel,
    ...g.strides,
    ...g.before,
    ...g.after,
    ...g.dilations,
    g.groups,
  ].join(',');
}

/** Rank of a whole model's Jacobian by exact elimination. */
export interface ModelRank {
  readonly rank: number;
  readonly unknowns: number;
  /** Least and greatest of several draws, where which units are active decides. */
  readonly range?: readonly [number, number];
}

/** What exact elimination can be asked for, and the key of its answer. */
export type ExactTask =
  | { readonly kind: 'geometry'; readonly key: string; readonly geometry: ConvGeometry }
  | { readonly kind: 'model'; readonly key: string; readonly graph: ModelGraph };

export type ExactResult = ConvRanks | ModelRank;

/** Results of exact elimination known so far, by {@link ExactTask.key}; `null` = tried and out of reach. */
export type ExactRanks = ReadonlyMap<string, ExactResult | null>;
