/** Can this be a limit of how many? */
export const isCount = (input: number): boolean => Number.isSafeInteger(input) && input > 0;

export const countInWords = "a whole number above 0";
