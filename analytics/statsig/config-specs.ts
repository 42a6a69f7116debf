import { groupBounds } from './bucketing.js';
import type { DynamicConfig, Experiment, Group } from './experiment.js';

interface Condition {
  type: string;
  targetValue: unknown;
  operator: string | null;
  field: string | null;
  additionalValues: Record<string, unknown>;
  isDeviceBased: boolean;
  idType: string;
}

interface Rule {
  name: string;
  groupName?: string;
  passPercentage: number;
  conditions: Condition[];
  returnValue: unknown;
  id: string;
  salt: string;
  idType: string;
  isExperimentGroup?: boolean;
}

/** One experiment or dynamic config as statsig-node reads it from download_config_specs. */
export interface ConfigSpec {
  name: string;
  type: 'dynamic_config';
  salt: string;
  enabled: boolean;
  defaultValue: unknown;
  idType: string;
  entity: 'experiment' | 'dynamic_config';
  isActive?: boolean;
  explicitParameters?: string[];
  rules: Rule[];
}

/**
 * What the SDK evaluates for an experiment: not started, everybody has control's values; active, units out of the
 * allocation have them, and the others those of their group; decided, everybody has the launched group's.
 */
export function configSpecOf(experiment: Experiment): ConfigSpec {
  const { name, salt, idType, status, groups } = experiment;
  const [control] = groups as [Group, ...Group[]];
  return {
    name,
    type: 'dynamic_config',
    salt,
    enabled: true,
    defaultValue: control.parameterValues,
    idType,
    entity: 'experiment',
    isActive: status === 'active',
    explicitParameters: Object.keys(control.parameterValues),
    rules: rulesOf(experiment, control),
  };
}

/** What the SDK evaluates for a dynamic config: the first rule whose share a unit is in, or its default; disabled, the default. */
export function dynamicConfigSpecOf({ name, salt, isEnabled, idType, defaultValue, rules }: DynamicConfig): ConfigSpec {
  return {
    name,
    type: 'dynamic_config',
    salt,
    enabled: isEnabled,
    defaultValue,
    idType,
    entity: 'dynamic_config',
    rules: rules.map((rule) => ({ ...ruleOf(rule.id, idType, [publicCondition(idType)]), name: rule.name, passPercentage: rule.passPercentage, returnValue: rule.returnValue })),
  };
}

function rulesOf({ status, groups, launchedGroupId, idType, salt, allocation }: Experiment, control: Group): Rule[] {
  const everybody = (id: string, group: Group): Rule => ({ ...ruleOf(id, idType, [publicCondition(idType)]), groupName: group.name, returnValue: group.parameterValues });
  if (status === 'setup' || status === 'abandoned') return [everybody('prestart', control)];
  if (status === 'decision_made') return [everybody('launchedGroup', groups.find(({ id }) => id === launchedGroupId) ?? control)];
  const rules: Rule[] = [];
  // Allocated are the first buckets; widening adds some and takes none away.
  const allocated = Array.from({ length: Math.round(allocation * 10) }, (_, bucket) => bucket);
  if (allocated.length < 1_000) {
    rules.push({ ...ruleOf('layerAssignment', idType, [bucketCondition('none', allocated, `${salt}.allocation`, idType)]), returnValue: control.parameterValues });
  }
  const bounds = groupBounds(groups.map(({ size }) => size));
  groups.forEach((group, at) => {
    // The kill switch: whoever would be in a disabled group has control's values, and counts to no group.
    const isOut = group.disabled;
    rules.push({
      ...ruleOf(isOut ? `${group.id}:disabled` : group.id, idType, [bucketCondition('lt', bounds[at], salt, idType)]),
      groupName: group.name,
      returnValue: isOut ? control.parameterValues : group.parameterValues,
      isExperimentGroup: !isOut,
    });
  });
  return rules;
}

function ruleOf(id: string, idType: string, conditions: Condition[]): Rule {
  return { name: id, id, salt: id, idType, passPercentage: 100, conditions, returnValue: {} };
}

function publicCondition(idType: string): Condition {
  return { type: 'public', targetValue: null, operator: null, field: null, additionalValues: {}, isDeviceBased: false, idType };
}

function bucketCondition(operator: string, targetValue: unknown, salt: string, idType: string): Condition {
  return { type: 'user_bucket', targetValue, operator, field: null, additionalValues: { salt }, isDeviceBased: false, idType };
}
