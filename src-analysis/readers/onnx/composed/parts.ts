import type { Attribute, OnnxNode } from '../model.ts';

/** Attributes of a part: whole numbers are ints, `float` marks the others. */
export type PartAttributes = Readonly<Record<string, number | readonly number[] | string | { readonly float: number }>>;

/** The nodes that stand for one, as they are put together. */
export interface Parts {
  /** A node of a standard operator; the name of its first output. `outputs` are made up where absent. */
  readonly add: (
    op: string,
    inputs: readonly string[],
    attributes?: PartAttributes,
    outputs?: readonly string[],
  ) => string;
  /** A number that is no weight, as a value. */
  readonly number: (value: number) => string;
  /** A list of integers as a value. */
  readonly integers: (values: readonly number[]) => string;
  readonly nodes: readonly OnnxNode[];
}

export function partsOf(whole: OnnxNode): Parts {
  const nodes: OnnxNode[] = [];
  const add: Parts['add'] = (op, inputs, attributes = {}, outputs = [`${whole.outputs[0]}/${nodes.length}`]) => {
    nodes.push({
      name: whole.name === '' ? '' : `${whole.name}/${op}`,
      opType: op,
      domain: '',
      overload: '',
      inputs,
      outputs,
      attributes: new Map(Object.entries(attributes).map(([name, value]) => [name, attributeOf(value)])),
      ...(whole.range ? { range: whole.range } : {}),
      ...(whole.fullRange ? { fullRange: whole.fullRange } : {}),
    });
    return outputs[0]!;
  };
  return {
    add,
    number: value => add('Constant', [], { value_float: { float: value } }),
    integers: values => add('Constant', [], { value_ints: values }),
    nodes,
  };
}

function attributeOf(value: PartAttributes[string]): Attribute {
  if (typeof value === 'number') return { type: 'int', value };
  if (typeof value === 'string') return { type: 'string', value };
  return 'float' in value ? { type: 'float', value: value.float } : { type: 'ints', value };
}
