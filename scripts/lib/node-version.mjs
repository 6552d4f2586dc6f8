// Kept to the syntax of old Node versions: this file must run there to say what is wrong.

/**
 * Ends the process with a sentence when this Node is too old.
 * @param {number} major lowest major version
 * @param {number} minor lowest minor version of that major version
 */
export function requireNode(major, minor) {
  const [haveMajor = 0, haveMinor = 0] = process.versions.node.split('.').map(Number);
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return;
  const wanted = minor > 0 ? `${major}.${minor}` : major;
  console.error(`Leaklint needs Node ${wanted} or newer; this is Node ${process.versions.node} (${process.execPath}).`);
  console.error('Install a current version from https://nodejs.org and run the same command again.');
  process.exit(2);
}
