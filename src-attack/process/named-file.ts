import { readFile } from 'node:fs/promises';

/** @param what the file is to the user: "image" @throws {Error} with a sentence */
export async function readNamed(what: string, path: string): Promise<Uint8Array> {
  return readFile(path).catch(error => {
    throw new Error(`The ${what} ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
}
