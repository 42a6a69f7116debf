import { formatDuration } from '../domain/duration.js';
import { checkParameterValue, parameterNames, parameterTable, ParameterValueError, type ParameterName, type ParameterValue } from '../domain/parameter-table.js';
import { parseDuration, parseRatio } from './cli/units.js';
import { BadInputError } from './errors.js';

const minuteMs = 60_000;

/** @returns the name. @throws BadInputError if there is no such parameter. */
export function parameterNamed(text: string): ParameterName {
  const name = parameterNames.find((known) => known === text.replaceAll('-', '_'));
  if (!name) throw new BadInputError(`${JSON.stringify(text.slice(0, 80))} is not a parameter; there are ${parameterNames.join(', ')}`);
  return name;
}

/**
 * A value as a person writes it: durations with a unit (`5m`, `800ms`), ratios as 0.6, strategies by name.
 *
 * @throws BadInputError where the parameter cannot have it.
 */
export function readParameterValue(name: ParameterName, text: string): ParameterValue {
  try {
    return checkParameterValue(name, readAs(parameterTable[name].unit, text));
  } catch (error) {
    if (error instanceof ParameterValueError) throw new BadInputError(error.message);
    throw new BadInputError(`${name} cannot be ${JSON.stringify(text.slice(0, 80))}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readAs(unit: 'minutes' | 'ms' | 'ratio' | 'choice', text: string): ParameterValue {
  switch (unit) {
    case 'minutes':
      return parseDuration(text) / minuteMs;
    case 'ms':
      return parseDuration(text);
    case 'ratio':
      return parseRatio(text);
    case 'choice':
      return text;
  }
}

/** A value as a person reads it: `10m`, `800 ms`, `0.75`, `native`. */
export function showParameterValue(name: ParameterName, value: ParameterValue): string {
  const { unit } = parameterTable[name];
  if (typeof value === 'string' || unit === 'ratio' || unit === 'choice') return String(value);
  return formatDuration(unit === 'minutes' ? value * minuteMs : value);
}
