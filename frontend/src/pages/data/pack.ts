/** Several files as one ZIP archive, stored as they are. */

export interface Member {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A field of a header: its value, and its bytes, lowest first. */
type Field = readonly [value: number, bytes: 2 | 4];

const VERSION = 20;
const UTF_8 = 0x0800;
const STORED = 0;
const MIDNIGHT = 0;
/** The first day the format knows: the same files give the same archive. */
const FIRST_DAY = 0x21;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

/** CRC-32 as ZIP, gzip and PNG have it. */
export function crc32(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = (TABLE[(rest ^ byte) & 0xff] ?? 0) ^ (rest >>> 8);
  return ~rest >>> 0;
}

function header(...fields: Field[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [value, bytes] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

const length = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);

/** The archive in parts, in order. Names are written composed (NFC), as they are typed in a description. */
export function packed(members: readonly Member[]): Uint8Array<ArrayBuffer>[] {
  const files: Uint8Array<ArrayBuffer>[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  for (const { name, bytes } of members) {
    const written = new TextEncoder().encode(name.normalize("NFC"));
    const size = bytes.length;
    const common: Field[] = [
      [VERSION, 2], [UTF_8, 2], [STORED, 2], [MIDNIGHT, 2], [FIRST_DAY, 2],
      [crc32(bytes), 4], [size, 4], [size, 4], [written.length, 2], [0, 2],
    ];
    const comment: Field = [0, 2];
    const disk: Field = [0, 2];
    const attributes: Field[] = [[0, 2], [0, 4]];
    directory.push(header([0x02014b50, 4], [VERSION, 2], ...common, comment, disk, ...attributes, [length(files), 4]), written);
    files.push(header([0x04034b50, 4], ...common), written, bytes);
  }
  const count: Field = [members.length, 2];
  const end = header([0x06054b50, 4], [0, 2], [0, 2], count, count, [length(directory), 4], [length(files), 4], [0, 2]);
  return [...files, ...directory, end];
}
