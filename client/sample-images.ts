import * as vscode from 'vscode';
import type { ImageChoice } from './webview/attack/messages.ts';

const samples = [
  { file: 'lighthouse.png', title: 'Lighthouse' },
  { file: 'balloon.png', title: 'Balloon' },
  { file: 'digit.png', title: 'Digit' },
];

/** The pictures that come with the extension, drawn for it. */
export function sampleImages(extension: vscode.Uri, webview: vscode.Webview | undefined): ImageChoice[] {
  return samples.map(({ file, title }) => {
    const uri = vscode.Uri.joinPath(extension, 'media', 'samples', file);
    return {
      id: uri.fsPath,
      title,
      description: 'A sample picture that comes with Leaklint',
      source: webview?.asWebviewUri(uri).toString() ?? '',
      kind: 'image',
    };
  });
}
