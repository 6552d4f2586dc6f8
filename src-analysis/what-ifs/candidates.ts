import type { Dim, Layer } from '../model/graph.ts';
import { activationEffect } from '../solubility/activation-effect.ts';
import type { Change, Parameter, Value } from './change.ts';

/** Factors on filters and units: fewer give less away, more make up for parameters lost elsewhere. */
const factors = [0.5, 0.75, 1.25, 1.5, 2] as const;

/**
 * Values worth trying for a layer's hyper-parameters: neighbours of what it has, the first of each before the second of
 * any, so that a host with little time sees every kind. Whether a change is allowed, and what it
 * is good for, is for the analysis of the changed model to say.
 */
export function candidatesFor(layer: Layer): Change[] {
  const choices = [...parametersOf(layer), ...activations(layer), ...freezing(layer)];
  const changes = choices.flatMap(([parameter, from, alternatives]) =>
    alternatives
      .filter(to => JSON.stringify(to) !== JSON.stringify(from))
      .map((to, order) => ({ order, change: { layer: layer.id, parameter, from, to } })),
  );
  return changes.sort((a, b) => a.order - b.order).map(({ change }) => change);
}

type Choice = readonly [Parameter, Value, readonly Value[]];

function parametersOf({ op, type }: Layer): Choice[] {
  switch (op.kind) {
    case 'conv':
    case 'separableConv': {
      // A depthwise convolution has as many filters as channels come in.
      const depthwise = /^depthwise/i.test(type);
      return [
        ...sizes('strides', op.strides, size => [size + 1, 2 * size, size + 2]),
        ...(depthwise ? [] : sizes('filters', [op.filters], scaled)),
        ...sizes('kernelSize', op.kernelSize, resized),
        ...padding(op.padding.mode),
      ];
    }
    case 'convTranspose':
      return sizes('filters', [op.filters], scaled);
    case 'pool':
      if (op.global) return [];
      return [...sizes('poolSize', op.window, size => [size + 1, size + 2]), ...padding(op.padding.mode)];
    case 'dense':
    case 'recurrent':
      return sizes('units', [op.units], scaled);
    default:
      return [];
  }
}

/** The same change on every axis; nothing where a size is unknown. */
function sizes(parameter: Parameter, from: readonly Dim[], next: (size: number) => number[]): Choice[] {
  const known = from.filter(size => size !== null);
  if (known.length !== from.length || known.length === 0) return [];
  const count = next(1).length;
  const values = Array.from({ length: count }, (_, index) => known.map(size => next(size)[index] ?? size));
  const distinct = new Map(values.map(value => [value.join(), value]));
  return [[parameter, known, [...distinct.values()].filter(value => value.every(size => size >= 1))]];
}

function scaled(size: number): number[] {
  return factors.map(factor => Math.max(1, Math.round(factor * size)));
}

/** Odd kernels stay odd, so that `same` padding stays symmetric. */
function resized(size: number): number[] {
  const step = size % 2 === 1 ? 2 : 1;
  return [size - step, size + step];
}

function padding(mode: string): Choice[] {
  if (mode !== 'same' && mode !== 'valid') return [];
  return [['padding', mode, [mode === 'same' ? 'valid' : 'same']]];
}

/** Behind ReLU the layers before it are known only where units are on. */
function activations({ op, activation = op.kind === 'activation' ? op.activation : undefined }: Layer): Choice[] {
  const hidden = ['conv', 'separableConv', 'convTranspose', 'dense', 'activation'].includes(op.kind);
  const effect = activationEffect(activation);
  if (!hidden || !activation || (effect !== 'invertible' && effect !== 'branches')) return [];
  return [['activation', activation.name, ['relu']]];
}

/** A frozen layer shares no gradient. */
function freezing({ weights, trainable }: Layer): Choice[] {
  return trainable && weights.some(weight => weight.trainable) ? [['trainable', true, [false]]] : [];
}
