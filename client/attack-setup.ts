/** The attack form's contents: what it starts with, what a chosen file adds, and what it asks for. */
import * as vscode from 'vscode';
import type { AttackChoices, AttackSpec } from '../src-attack/process/protocol.ts';
import type { ImageChoice, Setup } from './webview/attack/messages.ts';

/** A chosen file as the page offers it. */
export async function imageChoice(file: vscode.Uri): Promise<ImageChoice> {
  const gradient = isGradient(file.path);
  return {
    id: file.fsPath,
    title: file.path.split('/').pop() ?? file.fsPath,
    description: file.fsPath,
    source: gradient ? gradientIcon : await dataAddress(file),
    kind: gradient ? 'gradient' : 'image',
  };
}

/** What the form says, as an attack is asked for it. */
export function settingsOf({
  images,
  labels,
  defence,
  methods,
  engine,
  preprocess,
  seed,
  steps,
}: Setup): Omit<AttackSpec, 'model'> {
  const [first = ''] = images;
  const specs = defence.split(/\s+/).filter(Boolean);
  const sweep = specs.find(spec => spec.includes('..'));
  return {
    source: isGradient(first) ? { kind: 'gradient', path: first } : { kind: 'image', paths: images },
    labels,
    methods,
    engine,
    preprocess,
    seed,
    defences: specs.filter(spec => spec !== sweep),
    ...(sweep === undefined ? {} : { sweep }),
    ...(steps ? { steps } : {}),
  };
}

function isGradient(path: string): boolean {
  return /\.(safetensors|npz)$/i.test(path);
}

/** A captured gradient has no picture: a grey square stands for it. */
const gradientIcon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Crect width='8' height='8' fill='gray'/%3E%3C/svg%3E";

/** The picture itself as an address: the page may not read the user's folders. */
async function dataAddress(file: vscode.Uri): Promise<string> {
  const bytes = await vscode.workspace.fs.readFile(file);
  return `data:image/${/\.png$/i.test(file.path) ? 'png' : 'jpeg'};base64,${Buffer.from(bytes).toString('base64')}`;
}

export function defaultSetup(choices: AttackChoices, images: readonly string[]): Setup {
  const methods = choices.methods.map(method => method.id);
  return {
    methods: methods.includes('gauss-newton') ? ['gauss-newton'] : methods.slice(0, 1),
    images,
    batch: false,
    labels: [0],
    defence: '',
    engine: 'auto',
    preprocess: 'x/255 - 0.5',
    seed: 10,
    steps: null,
  };
}
