// What programs usually ask, each by its own client: find, list, join, count, page, insert, upsert, update, delete, transactions.
import { Client } from 'pg';

export async function node_pg(to) {
  const client = new Client(to);
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT * FROM users WHERE id = $1', [1]);
  await client.query({ name: 'user-by-email', text: 'SELECT * FROM users WHERE email = $1', values: ['u1'] });
  await client.query(
    'SELECT id, email, age FROM users WHERE age > $1 ORDER BY id LIMIT $2 OFFSET $3',
    [3, 10, 0],
  );
  await client.query('SELECT id, email FROM users WHERE id = ANY($1::int[])', [[1, 2]]);
  await client.query('INSERT INTO users (email, name, age) VALUES ($1, $2, $3) RETURNING id', [
    'pg',
    'Pg',
    3,
  ]);
  await client.query('UPDATE users SET name = $1, nickname = $2 WHERE email = $3', ['Pg2', null, 'pg']);
  await client.query('UPDATE orders SET status = $1 WHERE id = $2 AND status = $3', ['paid', 1, 'open']);
  await client.query(
    'SELECT o.id, o.status, u.name FROM orders o JOIN users u ON u.id = o.user_id WHERE o.total >= $1',
    [0],
  );
  await client.query('INSERT INTO items (order_id, line, sku, quantity, price) VALUES ($1, $2, $3, $4, $5)', [
    1,
    1,
    's',
    1,
    2.5,
  ]);
  await client.query(
    'INSERT INTO settings (key, value, meta) VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    ['a', '{}', '{}'],
  );
  await client.query('SELECT count(*)::int AS n FROM visits WHERE path = $1', ['/']);
  await client.query('DELETE FROM items WHERE order_id = $1 AND line = $2', [1, 1]);
  await client.query('COMMIT');
  await client.end();
}

export async function postgres_js(to) {
  const { default: postgres } = await import('postgres');
  const sql = postgres({
    host: to.host,
    port: to.port,
    user: to.user,
    database: to.database,
    max: 1,
    onnotice: () => undefined,
  });
  await sql`SELECT * FROM users WHERE id = ${1}`;
  await sql`SELECT ${sql(['id', 'email'])} FROM users WHERE id IN ${sql([1, 2, 3])}`;
  await sql`SELECT * FROM orders WHERE status = ${'open'} ORDER BY placed_at DESC LIMIT ${5}`;
  await sql`INSERT INTO users ${sql({ email: 'js', name: 'Js', age: 4 })} RETURNING *`;
  await sql`INSERT INTO users ${sql([
    { email: 'js2', name: 'a' },
    { email: 'js3', name: 'b' },
  ])}`;
  await sql`UPDATE users SET ${sql({ name: 'Js2', bio: 'x' })} WHERE email = ${'js'}`;
  await sql`SELECT id FROM users WHERE name ILIKE ${'%j%'} AND active = ${true}`;
  await sql`INSERT INTO visits (user_id, path) VALUES (${1}, ${'/js'}) ON CONFLICT (user_id, path) DO UPDATE SET hits = visits.hits + 1`;
  await sql`SELECT meta -> ${'a'} AS a FROM settings WHERE meta @> ${sql.json({ a: 1 })}`;
  await sql`SELECT * FROM contacts WHERE tag = ${'x'} OR phone IS NULL`;
  await sql.begin(async (tx) => {
    await tx`UPDATE users SET balance = balance - ${1} WHERE id = ${1}`;
    await tx`UPDATE users SET balance = balance + ${1} WHERE id = ${2}`;
  });
  await sql`DELETE FROM users WHERE email = ${'js'}`;
  await sql.end();
}

export async function kysely(to) {
  const { Kysely, PostgresDialect, sql } = await import('kysely');
  const { Pool } = await import('pg').then((pg) => pg.default);
  const db = new Kysely({ dialect: new PostgresDialect({ pool: new Pool({ ...to, max: 1 }) }) });
  await db.selectFrom('users').selectAll().where('id', '=', 1).executeTakeFirst();
  await db
    .selectFrom('users')
    .select(['id', 'email'])
    .where('age', '>', 3)
    .orderBy('id')
    .limit(3)
    .offset(1)
    .execute();
  await db
    .selectFrom('orders')
    .innerJoin('users', 'users.id', 'orders.user_id')
    .select(['orders.id', 'users.name', 'orders.total'])
    .execute();
  await db
    .selectFrom('orders')
    .select(({ fn }) => ['user_id', fn.sum('total').as('sum')])
    .groupBy('user_id')
    .execute();
  await db.insertInto('users').values({ email: 'ky', name: 'Ky' }).returning('id').executeTakeFirst();
  await db
    .insertInto('users')
    .values({ email: 'ky', name: 'Ky' })
    .onConflict((oc) => oc.column('email').doUpdateSet({ name: 'K' }))
    .execute();
  await db
    .updateTable('users')
    .set({ name: 'x', age: sql`age + ${1}` })
    .where('email', '=', 'ky')
    .execute();
  await db.deleteFrom('users').where('email', '=', 'ky').execute();
  await db.destroy();
}

export async function knex(to) {
  const { default: Knex } = await import('knex');
  const db = Knex({ client: 'pg', connection: to, pool: { min: 0, max: 1 } });
  await db('users').where({ id: 1 }).first();
  await db('users').select('id', 'email').whereIn('id', [1, 2]).orderBy('email').limit(2);
  await db('users').insert({ email: 'kx', name: 'Kx', age: 5 }).returning(['id', 'email']);
  await db('users').insert([
    { email: 'kx2', name: 'a' },
    { email: 'kx3', age: 1 },
  ]);
  await db('users').insert({ email: 'kx', name: 'K' }).onConflict('email').merge();
  await db('users').where({ email: 'kx' }).update({ name: 'X', nickname: null });
  await db('users').where('email', 'kx').increment('age', 1);
  await db('orders')
    .join('users', 'users.id', 'orders.user_id')
    .count('orders.id as n')
    .groupBy('users.id')
    .having('users.id', '>', 0);
  await db('orders')
    .whereBetween('total', [0, 5])
    .whereNotNull('note')
    .select(db.raw('date_trunc(?, placed_at) as day', ['day']));
  await db.transaction(async (tx) => {
    await tx('contacts').insert({ address: 'k@x', phone: '1' });
    await tx('rooms').insert({ id: 300, name: 'r' });
  });
  await db('visits').where({ path: '/kx' }).del();
  await db.destroy();
}

export async function drizzle(to) {
  const { drizzle: make } = await import('drizzle-orm/node-postgres');
  const { pgTable, serial, text, integer, boolean, numeric, timestamp, pgEnum, bigserial } =
    await import('drizzle-orm/pg-core');
  const { eq, gt, and, inArray, desc, sql } = await import('drizzle-orm');
  const { Pool } = await import('pg').then((pg) => pg.default);
  const users = pgTable('users', {
    id: serial('id').primaryKey(),
    email: text('email').notNull(),
    name: text('name').notNull().default(''),
    age: integer('age'),
    bio: text('bio'),
    active: boolean('active').notNull().default(true),
    createdAt: timestamp('created_at').notNull().defaultNow(),
    balance: numeric('balance').notNull().default('0'),
  });
  const orders = pgTable('orders', {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    userId: integer('user_id').notNull(),
    status: pgEnum('status', ['open', 'paid', 'shipped'])('status').notNull().default('open'),
    total: numeric('total').notNull().default('0'),
  });
  const pool = new Pool({ ...to, max: 1 });
  const db = make(pool);
  await db.select().from(users).where(eq(users.id, 1));
  await db
    .select({ id: users.id, email: users.email })
    .from(users)
    .where(and(gt(users.age, 2), inArray(users.id, [1, 2])))
    .limit(3);
  await db
    .select()
    .from(orders)
    .innerJoin(users, eq(users.id, orders.userId))
    .where(eq(orders.status, 'open'))
    .orderBy(desc(orders.id));
  await db
    .select({ n: sql`count(*)`.mapWith(Number) })
    .from(orders)
    .groupBy(orders.userId);
  await db.insert(users).values({ email: 'dr', name: 'Dr' }).returning();
  await db.insert(users).values([{ email: 'dr2' }, { email: 'dr3', age: 1 }]);
  await db
    .insert(users)
    .values({ email: 'dr', name: 'D' })
    .onConflictDoUpdate({ target: users.email, set: { name: 'D2' } });
  await db.update(orders).set({ status: 'shipped' }).where(eq(orders.id, 2));
  await db.delete(users).where(eq(users.email, 'dr'));
  await pool.end();
}

export async function sequelize(to) {
  const { Sequelize, DataTypes, Op } = await import('sequelize').then((module) => module.default);
  const db = new Sequelize(to.database, to.user, '', {
    dialect: 'postgres',
    host: to.host,
    port: to.port,
    logging: false,
    pool: { max: 1 },
  });
  const User = db.define(
    'user',
    { email: DataTypes.TEXT, name: DataTypes.STRING, age: DataTypes.INTEGER, active: DataTypes.BOOLEAN },
    { tableName: 'users', timestamps: false },
  );
  const Order = db.define(
    'order',
    { status: DataTypes.TEXT, total: DataTypes.DECIMAL, note: DataTypes.TEXT },
    { tableName: 'orders', timestamps: false },
  );
  Order.belongsTo(User, { foreignKey: 'user_id' });
  User.hasMany(Order, { foreignKey: 'user_id' });
  await db.query('SET client_min_messages TO warning');
  await User.findByPk(1);
  await User.findAll({
    where: { age: { [Op.gt]: 2 }, name: { [Op.iLike]: 'u%' } },
    limit: 2,
    offset: 1,
    order: [['id', 'ASC']],
  });
  await User.findAndCountAll({ where: { active: true }, limit: 1 });
  await User.findAll({ include: Order, limit: 2 });
  await User.count();
  const made = await User.create({ email: 'sq', name: 'Sq' });
  await User.bulkCreate([
    { email: 'sq2', name: 'a' },
    { email: 'sq3', name: 'b' },
  ]);
  await made.update({ name: 'S2', age: 4 });
  await made.increment('age');
  await User.upsert({ id: made.id, email: 'sq', name: 'S3' });
  await User.update({ active: false }, { where: { email: 'sq' } });
  await Order.findAll({
    where: { note: null },
    attributes: ['id', [db.fn('SUM', db.col('total')), 'sum']],
    group: ['order.id'],
  });
  await User.destroy({ where: { email: ['sq', 'sq2', 'sq3'] } });
  await db.close();
}

export async function typeorm(to) {
  await import('reflect-metadata');
  const { DataSource, EntitySchema, In, MoreThan } = await import('typeorm');
  const User = new EntitySchema({
    name: 'User',
    tableName: 'users',
    columns: {
      id: { type: Number, primary: true, generated: true },
      email: { type: 'text' },
      name: { type: 'varchar', default: '' },
      age: { type: 'int', nullable: true },
    },
  });
  const Room = new EntitySchema({
    name: 'Room',
    tableName: 'rooms',
    columns: {
      id: { type: Number, primary: true },
      name: { type: 'text' },
      guest: { type: 'text', nullable: true },
    },
  });
  const source = new DataSource({
    type: 'postgres',
    host: to.host,
    port: to.port,
    username: to.user,
    database: to.database,
    entities: [User, Room],
    poolSize: 1,
    installExtensions: false,
  });
  await source.initialize();
  const users = source.getRepository(User);
  await users.findOneBy({ id: 1 });
  await users.find({ where: { age: MoreThan(2), id: In([1, 2]) }, order: { id: 'DESC' }, take: 2, skip: 1 });
  await users.findAndCount({ where: { name: 'U1' } });
  const made = await users.save({ email: 'to', name: 'To' });
  await users.save({ ...made, name: 'T2' });
  await users.insert([
    { email: 'to2', name: 'a' },
    { email: 'to3', name: 'b' },
  ]);
  await users.upsert({ email: 'to', name: 'T3' }, ['email']);
  await users.update({ email: 'to' }, { age: 5 });
  await users.increment({ email: 'to' }, 'age', 1);
  await users
    .createQueryBuilder('u')
    .select('u.name')
    .addSelect('COUNT(u.id)', 'n')
    .where('u.age > :age', { age: 1 })
    .groupBy('u.name')
    .getRawMany();
  await source.getRepository(Room).save({ id: 400, name: 'to' });
  await users.delete({ email: In(['to', 'to2', 'to3']) });
  await source.destroy();
}

export async function prisma(to) {
  const { PrismaPg } = await import('@prisma/adapter-pg');
  const { PrismaClient } = await import('./generated/client.ts');
  const db = new PrismaClient({ adapter: new PrismaPg({ ...to, max: 1 }) });
  await db.users.findUnique({ where: { id: 1 } });
  await db.users.findMany({
    where: { age: { gt: 2 }, name: { contains: 'U', mode: 'insensitive' } },
    orderBy: { id: 'asc' },
    take: 2,
    skip: 1,
  });
  await db.users.findMany({ include: { orders: true }, take: 2 });
  await db.users.findFirst({ select: { id: true, email: true }, where: { OR: [{ id: 1 }, { email: 'x' }] } });
  await db.users.count({ where: { active: true } });
  await db.orders.aggregate({ _sum: { total: true }, _max: { id: true } });
  await db.orders.groupBy({ by: ['user_id'], _count: true });
  await db.users.create({ data: { email: 'pr', name: 'Pr', orders: { create: [{ total: 1 }] } } });
  await db.users.createMany({ data: [{ email: 'pr2' }, { email: 'pr3', age: 3 }] });
  await db.users.upsert({ where: { email: 'pr' }, create: { email: 'pr' }, update: { name: 'P2' } });
  await db.users.update({ where: { email: 'pr' }, data: { age: { increment: 1 } } });
  await db.users.updateMany({ where: { email: { in: ['pr2', 'pr3'] } }, data: { bio: 'x' } });
  await db.orders.updateMany({ where: { status: 'open' }, data: { status: 'paid' } });
  await db.$queryRaw`SELECT id, status FROM orders WHERE total > ${0}::numeric`;
  await db.$transaction([
    db.users.deleteMany({ where: { email: { in: ['pr2', 'pr3'] } } }),
    db.users.delete({ where: { email: 'pr' } }),
  ]);
  await db.$disconnect();
}
