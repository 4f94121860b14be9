/** No letter or digit that is taken for another one. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const GROUPS = 5;
const GROUP = 4;

/** A password that nobody guesses and that can be read out: five groups of four, some 116 bits. */
export function makePassword(): string {
  const letters = Array.from({ length: GROUPS * GROUP }, letter).join('');
  return letters.replace(new RegExp(`(.{${GROUP}})(?=.)`, 'g'), '$1-');
}

function letter(): string {
  // Drawn again where the alphabet does not divide what a byte can be, so that each is as likely as the others.
  const most = 256 - (256 % ALPHABET.length);
  for (;;) {
    const [byte = 0] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < most) return ALPHABET[byte % ALPHABET.length] ?? '';
  }
}
