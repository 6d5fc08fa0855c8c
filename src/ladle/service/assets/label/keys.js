// Which key answers which class.

const DIGITS = [..."123456789"];
const LETTERS = [..."abcdefghijklmnopqrstuvwxyz"];
const SKIP_KEYS = ["0", "."]; // the second one where a class has the first

/**
 * The key of each class that has one: a Map from class to key, in the order of the classes.
 *
 * A class whose name is a key has that key, and so has the only class that begins with a digit: "3 stars". The others
 * get the keys that are left, in order; a name that begins with a number gets a letter, because a digit would look like
 * another number. A key that several names claim ("a" and "A") answers none of them.
 */
export function keysOf(classes) {
  const keys = new Map();
  const claimed = new Set();
  for (const claim of [nameAsKey, leadingDigit]) {
    const claims = new Map(); // key -> the classes that claim it now
    for (const each of classes) {
      const key = keys.has(each) ? null : claim(String(each));
      if (key !== null && !claimed.has(key)) claims.set(key, [...(claims.get(key) ?? []), each]);
    }
    for (const [key, names] of claims) {
      claimed.add(key);
      if (names.length === 1) keys.set(names[0], key);
    }
  }
  const digits = DIGITS.filter((key) => !claimed.has(key));
  const letters = LETTERS.filter((key) => !claimed.has(key));
  for (const each of classes) {
    if (keys.has(each)) continue;
    const key = beginsWithNumber(String(each)) ? letters.shift() : (digits.shift() ?? letters.shift());
    if (key !== undefined) keys.set(each, key);
  }
  return new Map(classes.filter((each) => keys.has(each)).map((each) => [each, keys.get(each)]));
}

/** The key that skips, beside these keys of classes. */
export function skipKeyOf(keys) {
  const taken = new Set(keys.values());
  return SKIP_KEYS.find((key) => !taken.has(key));
}

function nameAsKey(name) {
  return /^[0-9a-zA-Z]$/.test(name) ? name.toLowerCase() : null;
}

function leadingDigit(name) {
  return /^(\d)(?!\d|[.,]\d)/.exec(name)?.[1] ?? null;
}

function beginsWithNumber(name) {
  return /^[^\p{L}]*\p{Nd}/u.test(name);
}
