/** The JSON form. */
export { itemsToJson, JSON_RULES } from './messages';
export { JsonMessageSchema, type JsonItem, type JsonMessage } from './schema';
