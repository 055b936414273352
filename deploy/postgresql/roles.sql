-- Once, by a database administrator:
--   psql -d postgres -v owner_password=… -v app_password=… -f deploy/postgresql/roles.sql
-- Two roles, so that the program's own role cannot change the ledger even by mistake: a trigger binds
-- everybody except the one who may drop it, and that is the owner of the table.
CREATE ROLE points_owner LOGIN CREATEDB PASSWORD :'owner_password';
CREATE ROLE points_app LOGIN PASSWORD :'app_password';
CREATE DATABASE points OWNER points_owner ENCODING 'UTF8' TEMPLATE template0;
