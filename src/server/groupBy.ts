/** Groups and their members, in the order in which they come. */
export const groupBy = <A, K>(all: Iterable<A>, key: (one: A) => K): ReadonlyMap<K, Array<A>> => {
  const groups = new Map<K, Array<A>>();
  for (const one of all) {
    const group = groups.get(key(one));
    if (group === undefined) groups.set(key(one), [one]);
    else group.push(one);
  }
  return groups;
};
