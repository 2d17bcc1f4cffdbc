-- title: Every source is as fresh as its contract says
-- title.fr: Chaque source est aussi fraîche que son contrat le veut
-- severity: warn
-- value.fr: problem this source is older than it should be=cette source est trop ancienne
-- label.fr: problem=Problème; source=Source; fetched_at=Récupérée le; age_minutes=Âge (minutes)
-- label.fr: fresh_minutes=Fraîche pendant (minutes)
-- A contract says `fresh_for = "2d"`; the age is counted from when the file was last seen at its URL.
select
    'this source is older than it should be' as problem,
    source,
    fetched_at,
    age_minutes,
    fresh_minutes
from _sources
where fresh_minutes is not null and (age_minutes is null or age_minutes > fresh_minutes)
order by source
