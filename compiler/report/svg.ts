/** Numbers of the elements that the library counts over all charts of a process: the same plot gives the same text. */
export function renumbered(svg: string): string {
  const known = new Map<string, string>();
  return svg.replaceAll(/\bzr\d+-([a-z]+)-?\d+/g, (id, kind: string) => {
    const name = known.get(id) ?? `${kind}${known.size}`;
    known.set(id, name);
    return name;
  });
}
