import type { Dim, WeightRef } from '../../model/graph.ts';
import { type ConfigValue, isUnknown } from './config.ts';
import { field, type LayerContext, show } from './values.ts';

/** Class names of tfjs-layers initializers (initializers.ts of 4.22), and their camelCase identifiers. */
const initializers = [
  'Constant',
  'GlorotNormal',
  'GlorotUniform',
  'HeNormal',
  'HeUniform',
  'Identity',
  'LeCunNormal',
  'LeCunUniform',
  'Ones',
  'Orthogonal',
  'RandomNormal',
  'RandomUniform',
  'TruncatedNormal',
  'VarianceScaling',
  'Zeros',
];

const identifiers: ReadonlyMap<string, string> = new Map(
  initializers.flatMap(className => {
    const identifier = className[0]?.toLowerCase() + className.slice(1);
    return [
      [className, identifier],
      [identifier, identifier],
    ] as const;
  }),
);

/** Scale, mode and distribution of the named variants of VarianceScaling, by which they are saved. */
const varianceScalings: readonly (readonly [number, string, string, string])[] = [
  [1, 'fanAvg', 'normal', 'glorotNormal'],
  [1, 'fanAvg', 'uniform', 'glorotUniform'],
  [2, 'fanIn', 'normal', 'heNormal'],
  [2, 'fanIn', 'uniform', 'heUniform'],
  [1, 'fanIn', 'normal', 'leCunNormal'],
  [1, 'fanIn', 'uniform', 'leCunUniform'],
];

function own(value: ConfigValue, key: string): ConfigValue {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isUnknown(value)) return undefined;
  return Object.hasOwn(value, key) ? (value as { readonly [k: string]: ConfigValue })[key] : undefined;
}

/** Identifier of the initializer a configuration names, `unknown` where that is not known. */
export function initializerOf(c: LayerContext, key: string, fallback: string): string {
  const value = field(c, key);
  // An empty string counts as absent: TensorFlow.js writes `args.kernelInitializer || default`.
  if (value === undefined || value === '') return fallback;
  if (isUnknown(value)) return 'unknown';
  const name = typeof value === 'string' ? value : own(value, 'className');
  if (typeof name !== 'string') return 'unknown';
  const identifier = identifiers.get(name);
  if (identifier === undefined) {
    c.problems.push(`TensorFlow.js has no initializer called ${show(name)}.`);
    return name;
  }
  if (identifier !== 'varianceScaling') return identifier;
  const config = own(value, 'config');
  const [scale, mode, distribution] = ['scale', 'mode', 'distribution'].map(k => own(config, k));
  const named = varianceScalings.find(([s, m, d]) => s === scale && m === mode && d === distribution);
  return named?.[3] ?? identifier;
}

/** A weight that the layer's own `${role}Initializer` (or the named key) draws. */
export function weight(
  c: LayerContext,
  role: string,
  shape: readonly Dim[],
  initializerKey: string,
  fallback: string,
  trainable = true,
): WeightRef {
  const initializer = initializerOf(c, initializerKey, fallback);
  return {
    role,
    name: '',
    shape,
    trainable: trainable && isTrainable(c),
    source: { kind: 'initializer', initializer },
  };
}

/** The bias of a layer, as a list of none or one weight. */
export function biasWeight(c: LayerContext, useBias: boolean, shape: readonly Dim[]): WeightRef[] {
  return useBias ? [weight(c, 'bias', shape, 'biasInitializer', 'zeros')] : [];
}

/** `trainable` of the configuration; taken as true where not known, for the gradient may then be shared. */
export function isTrainable(c: LayerContext): boolean {
  const value = field(c, 'trainable');
  return value === undefined || isUnknown(value) ? true : Boolean(value);
}

/** The order in which TensorFlow.js lists the weights of several layers: those of frozen ones last. */
export function trainableFirst(weights: readonly WeightRef[]): readonly WeightRef[] {
  return [...weights.filter(w => w.trainable), ...weights.filter(w => !w.trainable)];
}
