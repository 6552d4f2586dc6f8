import type { ConfigValue, LayerConfig } from '../tfjs-layers/config.ts';
import { unknown as unknownConfig } from '../tfjs-layers/config.ts';
import { type Context, noteCondition } from './context.ts';
import type { ObjectValue, Value } from './values.ts';
import { isExact, isObject, isUnknown } from './values.ts';

/** Keys that some layer of TensorFlow.js reads and that shape it or its analysis. */
const configKeys = [
  ['activation', 'alpha', 'axes', 'axis', 'batchInputShape', 'biasInitializer', 'cell', 'center', 'cropping'],
  ['dataFormat', 'depthMultiplier', 'dilationRate', 'dims', 'epsilon', 'filters', 'height', 'inputDim', 'inputLength'],
  ['inputShape', 'interpolation', 'kernelSize', 'layer', 'maskZero', 'maxValue', 'mergeMode', 'n', 'normalize'],
  ['numTokens', 'outputDim', 'outputMode', 'outputPadding', 'padding', 'poolSize', 'rate', 'recurrentActivation'],
  ['returnSequences', 'returnState', 'scale', 'sharedAxes', 'size', 'strides', 'targetShape', 'theta', 'trainable'],
  ['units', 'useBias', 'width'],
].flat();

/** Keys without a default: options that nobody passes are taken to leave the others at theirs. */
const requiredKeys = [
  'cell',
  'dims',
  'filters',
  'inputShape',
  'kernelSize',
  'layer',
  'n',
  'outputDim',
  'targetShape',
  'units',
];

/**
 * A layer's configuration as it is when the layer is made. Keys that an argument unknown as a whole may hold are
 * unknown one by one.
 */
export function toLayerConfig(context: Context, argument: Value): LayerConfig {
  if (isUnknown(argument)) return openConfig(argument.reason);
  if (!isObject(argument)) return {};
  const config = objectToConfig(context, argument, 0);
  if (!argument.open) return config;
  const { reason, defaults } = argument.open;
  return { ...openConfig(reason, defaults ? requiredKeys : configKeys), ...config };
}

function openConfig(reason: string, keys: readonly string[] = configKeys): LayerConfig {
  return Object.fromEntries(keys.map(key => [key, unknownConfig(reason)]));
}

function objectToConfig(context: Context, object: ObjectValue, depth: number): Record<string, ConfigValue> {
  return Object.fromEntries([...object.entries].map(([key, value]) => [key, toConfig(context, value, depth + 1)]));
}

function toConfig(context: Context, value: Value, depth: number): ConfigValue {
  context.budget.spend(1);
  if (typeof value === 'number') return Number.isNaN(value) ? unknownConfig('its value is not a number') : value;
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 8) return unknownConfig('its value is nested too deeply');
  switch (value.kind) {
    case 'unknown':
      noteCondition(context, value);
      return unknownConfig(value.reason);
    case 'array': {
      if (isExact(value)) return value.elements.map(element => toConfig(context, element, depth + 1));
      const gap = value.elements.find(isUnknown);
      if (gap) noteCondition(context, gap);
      return unknownConfig(gap?.reason ?? 'its length is not known here');
    }
    case 'object':
      return objectToConfig(context, value, depth);
    case 'layer':
      value.used = true;
      return { className: value.className, config: value.config };
    case 'model':
      return unknownConfig('it is a model');
    default:
      return unknownConfig('it is not a plain value');
  }
}
