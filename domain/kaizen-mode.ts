/** What the kaizen loop may do to a parameter. `observe`: says what it would try and why. `propose`: asks a person before it starts an experiment. `auto`: starts it. */
export const kaizenModes = ['observe', 'propose', 'auto'] as const;
export type KaizenMode = (typeof kaizenModes)[number];

/** The one scope of an installation. */
export const defaultScope = 'default';
