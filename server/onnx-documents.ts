/** Documents that show a `.onnx` file as ONNX text: which file they stand for. */
import { URI } from 'vscode-uri';
import { onnxTextEnding, onnxTextScheme } from './protocol.ts';

/** Language id of ONNX text. */
export const onnxTextLanguage = 'onnx-text';

/** The file that a document shows; any other URI is given back as it is. */
export function shownFile(uri: string): string {
  const { scheme, path } = URI.parse(uri);
  if (scheme !== onnxTextScheme) return uri;
  return URI.file(path.endsWith(onnxTextEnding) ? path.slice(0, -onnxTextEnding.length) : path).toString();
}

/** Whether nobody can type into a document. */
export function isReadOnly(uri: string): boolean {
  return URI.parse(uri).scheme === onnxTextScheme;
}
