/** Can this be a limit, in bytes? */
export const isSize = (bytes: number): boolean => Number.isSafeInteger(bytes) && bytes > 0;

export const sizeInWords = "a whole number of bytes above 0";
