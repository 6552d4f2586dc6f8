import { type ConfigValue, isUnknown, type LayerConfig } from './config.ts';
import type { LayerContext } from './values.ts';

/** A layer inside a configuration: the `layer` of a wrapper, the `cell` of an RNN. */
export interface InnerLayer {
  readonly className: string;
  readonly config: LayerConfig;
}

/** Wrappers and stacks deeper than this are not followed. */
const maximalDepth = 12;

function isObject(value: ConfigValue): value is LayerConfig {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isUnknown(value);
}

/** Reads `{ className, config }`; null, with a problem or an unknown noted, where it is none. */
export function innerLayer(c: LayerContext, key: string, value: ConfigValue): InnerLayer | null {
  if (isUnknown(value)) {
    c.unknowns.push(`${key} is not known: ${value.unknown}`);
    return null;
  }
  const className = isObject(value) && Object.hasOwn(value, 'className') ? value.className : undefined;
  if (!isObject(value) || typeof className !== 'string') {
    c.problems.push(value == null ? `${key} is missing.` : `${key} must be a layer.`);
    return null;
  }
  if (c.depth >= maximalDepth) {
    c.unknowns.push(`layers nested more than ${maximalDepth} deep are not followed`);
    return null;
  }
  const config = Object.hasOwn(value, 'config') ? value.config : undefined;
  return { className, config: isObject(config) ? config : {} };
}

/** The context of an inner layer, which notes its findings in the outer one. */
export function innerContext(
  c: LayerContext,
  inner: InnerLayer,
  inputShapes: LayerContext['inputShapes'],
): LayerContext {
  return { ...c, className: inner.className, config: inner.config, inputShapes, depth: c.depth + 1 };
}
