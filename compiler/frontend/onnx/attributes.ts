import { badAttribute } from '../../diagnostics/catalog/frontend-nodes.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Where } from '../../diagnostics/index.ts';
import { attributeTypes } from './schema.ts';
import type { AttributeMessage } from './schema.ts';
import { decodeTensor } from './tensors.ts';
import type { ConstTensor } from './tensors.ts';

type Kind = keyof typeof attributeTypes;

/** Typed access to the attributes of one node; a wrong type is a coded diagnostic. */
export class Attributes {
  readonly #byName = new Map<string, AttributeMessage>();
  readonly #where: Where;

  constructor(messages: readonly AttributeMessage[], where: Where) {
    this.#where = where;
    for (const message of messages) this.#byName.set(message.name, message);
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** The attribute if it is there and of this kind. A type of 0 comes from very old exporters: then the field decides. */
  #get(name: string, kind: Kind, field: keyof AttributeMessage): AttributeMessage | undefined {
    const message = this.#byName.get(name);
    if (message === undefined) return undefined;
    const untyped = message.type === 0 && Object.hasOwn(message, field);
    if (message.type !== attributeTypes[kind] && !untyped) {
      const found = Object.entries(attributeTypes).find(([, code]) => code === message.type)?.[0];
      fail(badAttribute(this.#where, name, `type ${found ?? message.type}`, kind));
    }
    return message;
  }

  /** Integers beyond 2^53 come as the nearest double: they only mean "to the end". */
  int(name: string): number | undefined {
    return this.#get(name, 'int', 'i')?.i.toNumber();
  }

  /** An integer that stands for a truth value. */
  flag(name: string, fallback: boolean): boolean {
    const value = this.int(name);
    if (value !== undefined && value !== 0 && value !== 1)
      fail(badAttribute(this.#where, name, `${value}`, '0 or 1'));
    return value === undefined ? fallback : value === 1;
  }

  float(name: string): number | undefined {
    const value = this.#get(name, 'float', 'f')?.f;
    if (value !== undefined && !Number.isFinite(value)) {
      fail(badAttribute(this.#where, name, `${value}`, 'a finite number'));
    }
    return value;
  }

  ints(name: string): readonly number[] | undefined {
    return this.#get(name, 'ints', 'ints')?.ints.map((value) => value.toNumber());
  }

  floats(name: string): readonly number[] | undefined {
    return this.#get(name, 'floats', 'floats')?.floats;
  }

  string(name: string): string | undefined {
    const message = this.#get(name, 'string', 's');
    return message && new TextDecoder().decode(Uint8Array.from(message.s).subarray(0, 1000));
  }

  tensor(name: string, label: string): ConstTensor | undefined {
    const message = this.#get(name, 'tensor', 't');
    if (message === undefined) return undefined;
    if (!message.t) fail(badAttribute(this.#where, name, 'no tensor', 'a tensor'));
    return decodeTensor(message.t, this.#where, label);
  }
}
