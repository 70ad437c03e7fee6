/**
 * Imported before everything else: on an older Node some dependency fails while it is loaded, with an error that says
 * nothing of the reason.
 */
const OLDEST = [22, 19] as const; // As `engines.node` in package.json.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(
    `Gleaner needs Node ${OLDEST.join('.')} or newer; this is ${process.versions.node}.\n`,
  );
  process.exit(1);
}
