import type * as z from 'zod/mini';
import type { MemberShapes } from '../../input-shapes.ts';
import type { ValuesOf, Variables } from '../../setting.ts';
import type { StepMetrics } from '../timed-step.ts';
import type { ArchiveStore } from './archive-store.ts';
import { B2, type B2Settings } from './b2/declaration.ts';

// The remote archive stores. A new store is a folder, its settings here, and a line in `STORES`; the compiler reports a missing line.
// Settings, configuration, checks of input and documentation are derived from both.

/** The settings of each store, by its name: a part of `Config`. Those that are not undefined choose the store; the first one counts. */
export interface StoreSettings {
  /** Undefined: exports go to `exportDir`. */
  readonly b2?: B2Settings | undefined;
}

/** What the program must know about a store before it uses the store. */
export interface StoreDeclaration<Settings, Table extends Variables = Variables> {
  /** Its environment variables. */
  readonly variables: Table;
  /** The settings from the values of the variables; undefined if they do not choose the store. */
  readonly read: (values: ValuesOf<Table>) => Settings | undefined;
  /** The shape of settings that a program passes. */
  readonly shape: () => z.ZodMiniType<Settings>;
  /** Loads the client, which is not loaded with the declaration: declarations are loaded at every start. */
  readonly open: (settings: Settings, watched: StepMetrics) => Promise<ArchiveStore>;
}

type StoreName = keyof StoreSettings;
type SettingsOf<Name extends StoreName> = NonNullable<StoreSettings[Name]>;
type AllOf<Union> = (Union extends unknown ? (member: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

const STORES = { b2: B2 } satisfies { [Name in StoreName]-?: Omit<StoreDeclaration<SettingsOf<Name>>, 'read'> };

export const storeNames = Object.keys(STORES) as StoreName[];

/** Every environment variable of a store. */
export const STORE_VARIABLES = Object.assign({}, ...Object.values(STORES).map(({ variables }) => variables)) as AllOf<
  (typeof STORES)[StoreName]['variables']
>;

/** What `pick` gives for each store, by the store's name. */
const fromEach = <Result>(pick: (store: (typeof STORES)[StoreName]) => unknown): Result =>
  Object.fromEntries(storeNames.map((name) => [name, pick(STORES[name])])) as Result;

export const readStores = (values: ValuesOf<typeof STORE_VARIABLES>): StoreSettings =>
  fromEach(({ read }) => read(values));

/** The shapes of the part of `Config` about stores, for programs that pass one. */
export const storeShapes = (): MemberShapes<StoreSettings> => fromEach(({ shape }) => shape());

/** Opens the first store whose settings are given; undefined for none. */
export async function openRemoteStore(
  settings: StoreSettings,
  watched: StepMetrics,
): Promise<ArchiveStore | undefined> {
  const name = storeNames.find((store) => settings[store] !== undefined);
  return name && open(name, settings, watched);
}

async function open<Name extends StoreName>(
  name: Name,
  settings: StoreSettings,
  watched: StepMetrics,
): Promise<ArchiveStore | undefined> {
  const stores: { readonly [Store in StoreName]: Pick<StoreDeclaration<SettingsOf<Store>>, 'open'> } = STORES;
  const own = settings[name];
  return own && stores[name].open(own, watched);
}
