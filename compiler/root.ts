/**
 * The folder that holds compiler/, templates/ and sim/ with the files that are read at run time: that of the sources, or dist/.
 *
 * Bundled, this module stands in dist/chunks/, which is as deep as here; the build fails if it does not (scripts/bundle.mjs).
 */
export const root: URL = new URL('../', import.meta.url);

/** Whether the sources run as they are, and not dist/. */
export const fromSource: boolean = import.meta.url.endsWith('.ts');
