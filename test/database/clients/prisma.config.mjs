// oxlint-disable-next-line import/no-default-export -- Prisma reads its settings from one
export default { schema: 'schema.prisma' };
