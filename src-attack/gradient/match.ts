import type { VictimParameter } from '../victim/victim.ts';
import { type CapturedTensor, CaptureError } from './captured.ts';

/**
 * The captured tensor of every parameter, in the parameters' order. A tensor belongs to a parameter if it has its name;
 * else if its name is the only one that ends alike (`module.conv1.weight` and `conv1.weight`); else, where the file has
 * exactly as many tensors as the model has parameters, by their order. Shapes must agree. @throws {CaptureError}
 */
export function matchCapture(
  parameters: readonly Pick<VictimParameter, 'name' | 'node'>[],
  captured: ReadonlyMap<string, CapturedTensor>,
): { readonly gradients: Float64Array[]; readonly how: 'names' | 'order' } {
  const names = [...captured.keys()];
  const byName = parameters.map(({ name }) => {
    if (captured.has(name)) return name;
    const alike = names.filter(candidate => endAlike(candidate, name));
    return alike.length === 1 ? alike[0] : undefined;
  });
  const complete = byName.every(name => name !== undefined) && new Set(byName).size === parameters.length;
  if (!complete && names.length !== parameters.length) {
    const missing = parameters.filter((_, i) => byName[i] === undefined).map(parameter => `"${parameter.name}"`);
    throw new CaptureError(
      `The file has no gradient for ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}. It has ${names.slice(0, 8).join(', ')}.`,
    );
  }
  const chosen = complete ? (byName as string[]) : names;
  const gradients = parameters.map(({ name, node }, i) => {
    const tensor = captured.get(chosen[i]!)!;
    if (tensor.shape.join() !== node.shape.join()) {
      throw new CaptureError(
        `The gradient "${chosen[i]}" has the shape [${tensor.shape.join(', ')}]; the weight "${name}" has [${node.shape.join(', ')}].`,
      );
    }
    return tensor.data;
  });
  return { gradients, how: complete ? 'names' : 'order' };
}

/** One name is the other's end, from a separator on: prefixes such as `module.` come and go. */
function endAlike(a: string, b: string): boolean {
  const parts = (name: string) => name.split(/[./:]/).filter(Boolean);
  const [x, y] = [parts(a), parts(b)];
  const shorter = Math.min(x.length, y.length);
  return shorter > 0 && x.slice(-shorter).join('/') === y.slice(-shorter).join('/');
}
