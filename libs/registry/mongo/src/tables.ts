import { type Connection, type Model, Schema } from 'mongoose';
import { z } from 'zod';
import { isDuplicate, isMissing } from './mongo-errors.js';

/** How often an upsert is repeated that met another one: whoever comes second finds what the first wrote. */
const UPSERTS_MAX = 10;

export type Filter = Readonly<Record<string, unknown>>;
export type Row = Readonly<Record<string, unknown>>;
export interface Change {
  readonly $set?: Row;
  readonly $unset?: Readonly<Record<string, 1>>;
  readonly $inc?: Readonly<Record<string, number>>;
  readonly $max?: Readonly<Record<string, number>>;
}

export interface Index {
  readonly name: string;
  /** Field and direction, in order. */
  readonly key: Readonly<Record<string, 1 | -1>>;
  readonly unique?: boolean;
}

const described = z.array(z.record(z.string(), z.unknown()));

interface Document {
  readonly _id: string;
  readonly [field: string]: unknown;
}

/** The commands that the registry needs of one collection: each changes at most one row at once, or says so, and is bounded in time. */
export class Table {
  constructor(
    private readonly model: Model<Document>,
    private readonly maxTimeMS: number,
  ) {}

  /** False when a unique index has such a row already. */
  async insert(row: Document): Promise<boolean> {
    try {
      await this.model.insertOne(row);
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  async one(filter: Filter): Promise<Row | undefined> {
    return (await this.model.findOne(filter).maxTimeMS(this.maxTimeMS).lean()) ?? undefined;
  }

  /** In the order of keys. */
  async page(filter: Filter, limit: number): Promise<readonly Row[]> {
    return this.model.find(filter).sort({ _id: 1 }).limit(limit).maxTimeMS(this.maxTimeMS).lean();
  }

  async count(filter: Filter): Promise<number> {
    return this.model.countDocuments(filter).maxTimeMS(this.maxTimeMS);
  }

  /** The row after the change; `undefined` when none is meant. */
  async changed(filter: Filter, change: Change): Promise<Row | undefined> {
    return this.#changed(filter, change, false);
  }

  /** The row after the change, which makes it when there is none. */
  async upserted(filter: Filter, change: Change): Promise<Row | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#changed(filter, change, true);
      } catch (error) {
        if (!isDuplicate(error) || attempt === UPSERTS_MAX) throw error;
      }
    }
  }

  /** Whether a row was meant. */
  async change(filter: Filter, change: Change): Promise<boolean> {
    return (await this.model.updateOne(filter, change, { maxTimeMS: this.maxTimeMS })).matchedCount > 0;
  }

  /** Row by row: others see some changed and some not yet. */
  async changeAll(filter: Filter, change: Change): Promise<void> {
    await this.model.updateMany(filter, change, { maxTimeMS: this.maxTimeMS });
  }

  async remove(filter: Filter): Promise<void> {
    await this.model.deleteOne(filter, { maxTimeMS: this.maxTimeMS });
  }

  async removeAll(filter: Filter): Promise<void> {
    await this.model.deleteMany(filter, { maxTimeMS: this.maxTimeMS });
  }

  /** As the server describes them. */
  async indexes(): Promise<readonly Row[]> {
    try {
      return described.parse(await this.model.collection.listIndexes({ maxTimeMS: this.maxTimeMS }).toArray());
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  async makeIndex({ name, key, unique = false }: Index): Promise<void> {
    await this.model.collection.createIndex({ ...key }, { name, unique }, undefined);
  }

  async #changed(filter: Filter, change: Change, upsert: boolean): Promise<Row | undefined> {
    const options = { upsert, returnDocument: 'after', maxTimeMS: this.maxTimeMS, lean: true } as const;
    return (await this.model.findOneAndUpdate(filter, change, options)) ?? undefined;
  }
}

export interface Tables {
  /** People, and what became of those who were erased: one row for one id, forever. `state` says which. */
  readonly people: Table;
  /** Photos, those on their way in, and those of which something may still be stored: one row for one photo of one person. */
  readonly photos: Table;
  readonly counters: Table;
  readonly schema: Table;
}

const text = { type: String };
const ifAny = { type: String, default: undefined };
const shared = { versionKey: false, minimize: false, strict: 'throw', autoIndex: false, autoCreate: false, bufferCommands: false } as const;

const schemas = {
  people: {
    ...{ _id: text, storageId: text, personId: text, state: text, name: text },
    ...{ externalId: ifAny, createdAt: ifAny, token: ifAny },
    // Keys of the owner's may have dots and dollars, which field names may not.
    metadata: { type: [new Schema({ key: String, value: String }, { _id: false })], default: undefined },
    ...{ requestedAt: ifAny, maskedAt: ifAny, completedAt: ifAny, photos: { type: Number, default: undefined } },
  },
  photos: {
    ...{ _id: text, storageId: text, personId: text, sha256: text, state: text, holder: text, token: ifAny },
    ...{ sizeBytes: { type: Number, default: undefined }, addedAt: ifAny, removedAt: ifAny },
    quality: {
      type: new Schema({ sizePx: Number, sharpness: Number, brightness: Number, turn: Number }, { _id: false }),
      default: undefined,
    },
  },
  counters: { _id: text, value: Number },
  schema: { _id: text, major: Number, minor: Number },
};

export function tablesOn(connection: Connection, maxTimeMS: number): Tables {
  const table = (name: keyof typeof schemas): Table =>
    new Table(connection.model<Document>(name, new Schema<Document>(schemas[name], shared), name), maxTimeMS);
  return { people: table('people'), photos: table('photos'), counters: table('counters'), schema: table('schema') };
}
