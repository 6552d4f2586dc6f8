/**
 * Reading source files from disk.
 *
 * `host/` is the only place with `node:*` that the command line and the language server share: file reading,
 * configuration look-up, exact elimination in worker threads. It computes nothing itself.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { binaryExtensions } from '../src-analysis/readers/read.ts';
import type { SourceFile } from '../src-analysis/readers/reader.ts';

const mebibyte = 1024 * 1024;
/** Larger files are refused before they are read: memory stays bounded on any input. */
const sizeLimits = { text: 32 * mebibyte, binary: 1024 * mebibyte };

export type FileRead =
  | { readonly kind: 'file'; readonly file: SourceFile }
  /** One or two sentences for the user: what is wrong with the file and what to do. */
  | { readonly kind: 'unreadable'; readonly message: string };

/**
 * Reads a model file or model code: bytes for binary formats, UTF-8 text for the rest.
 * @param name the path as the user knows it, for messages; default: `path`
 */
export async function readSourceFile(path: string, name = path): Promise<FileRead> {
  const binary = binaryExtensions.some(extension => name.toLowerCase().endsWith(`.${extension}`));
  const limit = binary ? sizeLimits.binary : sizeLimits.text;
  try {
    const bytes = await readLimited(path, limit);
    if (typeof bytes === 'string') return { kind: 'unreadable', message: bytes };
    if (binary) return { kind: 'file', file: { path: name, bytes } };
    const text = decodeUtf8(bytes);
    return text === null
      ? { kind: 'unreadable', message: encodingMessage(bytes) }
      : { kind: 'file', file: { path: name, text } };
  } catch (error) {
    return { kind: 'unreadable', message: ioMessage(error) };
  }
}

/** UTF-8 text without its byte order mark; null if the bytes are something else. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** What an operating system error means for the user. */
export function ioMessage(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'There is nothing there (it may just have been removed).',
    EACCES: 'It may not be read: check its permissions.',
    EPERM: 'It may not be read: check its permissions.',
    EISDIR: 'This is a folder, not a file.',
    ELOOP: 'This is a chain of symbolic links that leads nowhere.',
    EMFILE: 'Too many files are open on this machine.',
  };
  return known[code ?? ''] ?? `It could not be read (${error instanceof Error ? error.message : String(error)}).`;
}

/** The whole file, or a sentence why not. Only regular files: reading a pipe or a device might never end. */
async function readLimited(path: string, limit: number): Promise<Uint8Array | string> {
  // Without O_NONBLOCK, opening a pipe waits for a writer.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) return stats.isDirectory() ? 'This is a folder, not a file.' : 'This is not a regular file.';
    if (stats.size > limit) {
      return `The file has ${Math.ceil(stats.size / mebibyte)} MiB; Leaklint reads at most ${limit / mebibyte} MiB of this kind.`;
    }
    // A plain Uint8Array: a Buffer's methods differ, and the readers know no Node.
    const { buffer, byteOffset, byteLength } = await handle.readFile();
    return new Uint8Array(buffer, byteOffset, byteLength);
  } finally {
    await handle.close();
  }
}

function encodingMessage(bytes: Uint8Array): string {
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return `The file is not UTF-8 text${utf16 ? ' but UTF-16' : ''}: save it as UTF-8.`;
}
