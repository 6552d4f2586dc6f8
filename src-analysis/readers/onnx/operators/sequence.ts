import type { Operator } from '../context.ts';
import { fixed, known, type Outputs, unknownOutput } from './known.ts';

const open: Outputs = () => [unknownOutput];
const scalar: Outputs = () => [fixed([])];

/** Lists of tensors and values that may be missing: what is in them is not followed, so that their shapes are unknown. */
export const sequenceOperators: Readonly<Record<string, Operator>> = {
  ConcatFromSequence: known('concatFromSequence', open, ['axis', 'new_axis']),
  SequenceAt: known('sequenceAt', open),
  SequenceConstruct: known('sequenceConstruct', open),
  SequenceEmpty: known('sequenceEmpty', open, ['dtype']),
  SequenceErase: known('sequenceErase', open),
  SequenceInsert: known('sequenceInsert', open),
  SequenceMap: known('sequenceMap', open, ['body']),
  SequenceLength: known('sequenceLength', scalar),
  SplitToSequence: known('splitToSequence', open, ['axis', 'keepdims']),
  Optional: known('optional', open, ['type']),
  OptionalGetElement: known('optionalGetElement', open),
  OptionalHasElement: known('optionalHasElement', scalar),
};
