import { fleetSearchAttributeTypes } from './fleet-messages.js';
import { kaizenSearchAttributeTypes } from './kaizen-messages.js';
import { searchAttributeTypes } from './messages.js';

/** Every search attribute that a namespace has to know before SHIM's workflows can run in it. */
export const registeredAttributes: Readonly<Record<string, 'Keyword' | 'Int'>> = { ...searchAttributeTypes, ...kaizenSearchAttributeTypes, ...fleetSearchAttributeTypes };
