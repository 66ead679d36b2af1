/** All requests. Weights are whole numbers, so that sums of percentages are exact: `33.3%` thrice is less than all. */
export const WHOLE = 1e9;
