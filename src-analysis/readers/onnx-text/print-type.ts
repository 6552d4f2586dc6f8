import type { TensorShapeProto, TypeProto, ValueInfoProto } from '../onnx/generated/onnx_pb.ts';
import { nameText } from './quote.ts';
import { elementTypeName } from './type-names.ts';

/** A type as text; null where the syntax has none for it. */
export function typeText(type: TypeProto): string | null {
  const { value } = type;
  switch (value.case) {
    case 'tensorType':
      return elementText(value.value.elemType, value.value.shape);
    case 'sparseTensorType':
      return around('sparse_tensor', elementText(value.value.elemType, value.value.shape));
    case 'sequenceType':
      return around('seq', value.value.elemType && typeText(value.value.elemType));
    case 'optionalType':
      return around('optional', value.value.elemType && typeText(value.value.elemType));
    case 'mapType': {
      const key = elementTypeName(value.value.keyType);
      const inner = value.value.valueType && typeText(value.value.valueType);
      return key && inner ? `map(${key}, ${inner})` : null;
    }
    case 'opaqueType':
      return opaqueText(value.value.domain, value.value.name);
    default:
      return null;
  }
}

const dotted = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/;

/** A domain needs a name after it. */
function opaqueText(domain: string, name: string): string | null {
  if (domain === '') return name === '' || dotted.test(name) ? `opaque(${name})` : null;
  return dotted.test(domain) && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? `opaque(${domain}, ${name})` : null;
}

function around(word: string, inner: string | null | undefined): string | null {
  return inner ? `${word}(${inner})` : null;
}

/** No brackets mean a scalar, empty ones that the shape is not known. */
function elementText(elemType: number, shape: TensorShapeProto | undefined): string | null {
  const name = elementTypeName(elemType);
  if (name === undefined) return null;
  if (!shape) return `${name}[]`;
  return shape.dim.length === 0 ? name : `${name}[${shape.dim.map(dimensionText).join(', ')}]`;
}

function dimensionText({ value }: TensorShapeProto['dim'][number]): string {
  if (value.case === 'dimValue') return String(value.value);
  return value.case === 'dimParam' ? nameText(value.value) : '?';
}

/** `type name`; only the name where there is no type, or none that can be written. */
export function valueText({ name, type }: ValueInfoProto, lose: (what: string) => void): string {
  const text = type ? typeText(type) : null;
  if (type && type.value.case !== undefined && text === null) lose(`the type of '${name}'`);
  return text === null ? nameText(name) : `${text} ${nameText(name)}`;
}
