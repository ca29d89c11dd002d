// Named queries. Each begins with its name, a line of explanation (what it shows; after a semicolon, what its parameters
// do) and the parameters that it needs or may take, each with its kind where it is not text; one that may be left out is
// null in the query.

// name: heat-map
// explains: Images of the last two hours that show a person with more than 90 % confidence, with their cameras.
match(person_label:Label {label_name:'Person'})-[label_edge:HAS_LABEL]-(image:Image)-[:HAS_IMAGE]-(camera:Camera) where label_edge.confidence > 90 and image.timestamp > ((timestamp()/1000) - 60*60*2) return camera, image

// name: confidence-histogram
// explains: How confident the detector was about each person of the last two hours, lowest confidence first.
match(person_label:Label {label_name:'Person'})-[label_edge:HAS_LABEL]-(image:Image)-[:HAS_IMAGE]-(camera:Camera) where image.timestamp > ((timestamp()/1000) - 60*60*2) return camera.camera_name, image.object_key, count(round(label_edge.confidence)), round(label_edge.confidence) order by round(label_edge.confidence) asc

// name: images-with-label
// explains: Images that show a label with at least this confidence, newest first; by camera, since a time (seconds since 1970), of a day, from a first day to a last, of a weekday (1 is Monday) or an hour by the camera's clock, or with a confidence below another; limit of them, after the one that was taken at before and has the id after.
// needs: label, at_least (number)
// may take: camera, since (number), day (day), first (day), last (day), weekday (number), hour (number), below (number), before (number), after, limit (number)
MATCH (label:Label {label_name: $label})<-[edge:HAS_LABEL]-(image:Image)<-[:HAS_IMAGE]-(camera:Camera)
WHERE edge.confidence >= $at_least
  AND ($camera IS NULL OR camera.camera_name = $camera)
  AND ($since IS NULL OR image.timestamp >= $since)
  AND ($day IS NULL OR image.isodate STARTS WITH $day)
  AND ($first IS NULL OR left(image.isodate, 10) >= $first)
  AND ($last IS NULL OR left(image.isodate, 10) <= $last)
  AND ($weekday IS NULL OR date(left(image.isodate, 10)).weekday = $weekday)
  AND ($hour IS NULL OR toInteger(substring(image.isodate, 11, 2)) = $hour)
  AND ($below IS NULL OR edge.confidence < $below)
  AND ($before IS NULL OR image.timestamp < $before
    OR (image.timestamp = $before AND image.image_id > coalesce($after, '')))
RETURN camera.camera_name AS camera, image.image_id AS image_id, image.isodate AS taken_at,
  edge.confidence AS confidence
ORDER BY image.timestamp DESC, image.image_id
LIMIT toInteger(coalesce($limit, 9223372036854775807))

// name: newest-with-label
// explains: The newest images that show a label with at least this confidence; chosen as in images-with-label. Of a label that few images show, all are read; otherwise walk of the newest images are looked through, whatever they show, and if these hold fewer than limit, a last line without a confidence is the image that was looked at last; of what is found, only what comes after the one taken at beyond with the id beyond_id, which does not move where the walk ends.
// needs: label, at_least (number), limit (number), walk (number)
// may take: camera, first (day), last (day), weekday (number), hour (number), below (number), before (number), after, beyond (number), beyond_id
MATCH (label:Label {label_name: $label})
WITH label, COUNT { (label)<-[:HAS_LABEL]-() } <= $walk / 10 AS is_rare,
  coalesce(datetime($first).epochSeconds - 86400, -62135596800) AS begin,
  coalesce($before, datetime($last).epochSeconds + 2 * 86400, 253402300800) AS end
CALL (label, is_rare, begin, end) {
  WITH label, is_rare
  WHERE is_rare
  MATCH (label)<-[edge:HAS_LABEL]-(image:Image)
  WITH image, edge
  ORDER BY image.timestamp DESC, image.image_id
  MATCH (image)<-[:HAS_IMAGE]-(camera:Camera)
  WHERE edge.confidence >= $at_least
    AND ($below IS NULL OR edge.confidence < $below)
    AND ($camera IS NULL OR camera.camera_name = $camera)
    AND ($first IS NULL OR left(image.isodate, 10) >= $first)
    AND ($last IS NULL OR left(image.isodate, 10) <= $last)
    AND ($weekday IS NULL OR date(left(image.isodate, 10)).weekday = $weekday)
    AND ($hour IS NULL OR toInteger(substring(image.isodate, 11, 2)) = $hour)
    AND ($before IS NULL OR image.timestamp < $before
      OR (image.timestamp = $before AND image.image_id > coalesce($after, '')))
    AND ($beyond IS NULL OR image.timestamp < $beyond OR (image.timestamp = $beyond AND image.image_id > $beyond_id))
  RETURN camera, image, edge.confidence AS confidence
  ORDER BY image.timestamp DESC, image.image_id
  LIMIT toInteger($limit)
  UNION ALL
  WITH label, is_rare, begin, end
  WHERE NOT is_rare
  CALL (label, begin, end) {
    MATCH (image:Image)
    USING INDEX image:Image(timestamp)
    WHERE begin <= image.timestamp <= end
      AND ($before IS NULL OR image.timestamp < $before
        OR (image.timestamp = $before AND image.image_id > coalesce($after, '')))
    WITH label, image
    ORDER BY image.timestamp DESC, image.image_id
    LIMIT toInteger($walk)
    MATCH (camera:Camera)-[:HAS_IMAGE]->(image)-[edge:HAS_LABEL]->(label)
    WHERE edge.confidence >= $at_least
      AND ($below IS NULL OR edge.confidence < $below)
      AND ($camera IS NULL OR camera.camera_name = $camera)
      AND ($first IS NULL OR left(image.isodate, 10) >= $first)
      AND ($last IS NULL OR left(image.isodate, 10) <= $last)
      AND ($weekday IS NULL OR date(left(image.isodate, 10)).weekday = $weekday)
      AND ($hour IS NULL OR toInteger(substring(image.isodate, 11, 2)) = $hour)
      AND ($beyond IS NULL OR image.timestamp < $beyond OR (image.timestamp = $beyond AND image.image_id > $beyond_id))
    WITH camera, image, edge
    ORDER BY image.timestamp DESC, image.image_id
    LIMIT toInteger($limit)
    RETURN collect({camera: camera, image: image, confidence: edge.confidence}) AS found
  }
  CALL (found, begin, end) {
    WITH begin, CASE WHEN size(found) < $limit THEN end ELSE begin - 1 END AS until
    MATCH (image:Image)
    USING INDEX image:Image(timestamp)
    WHERE begin <= image.timestamp <= until
      AND ($before IS NULL OR image.timestamp < $before
        OR (image.timestamp = $before AND image.image_id > coalesce($after, '')))
    WITH image
    ORDER BY image.timestamp DESC, image.image_id
    SKIP toInteger($walk) - 1
    LIMIT 1
    RETURN collect({image: image}) AS looked_at
  }
  UNWIND found + looked_at AS each
  RETURN each.camera AS camera, each.image AS image, each.confidence AS confidence
}
RETURN camera.camera_name AS camera, image.image_id AS image_id, image.isodate AS taken_at, confidence

// name: images-with-text
// explains: Images with a line of text that contains this, as it is written or in capitals, newest first; with a confidence from at_least up and below another, those that show a label with the same confidence as well, by camera, from a first day to a last, of a weekday (1 is Monday) or an hour by the camera's clock; limit of them, after the one that was taken at before and has the id after, and after the one of beyond and beyond_id.
// needs: text
// may take: label, at_least (number), below (number), camera, first (day), last (day), weekday (number), hour (number), before (number), after, beyond (number), beyond_id, limit (number)
MATCH (line:Text)
WHERE line.text CONTAINS $text OR line.text CONTAINS toUpper($text)
MATCH (line)<-[edge:HAS_TEXT]-(image:Image)<-[:HAS_IMAGE]-(camera:Camera)
WHERE edge.confidence >= coalesce($at_least, 0)
  AND ($below IS NULL OR edge.confidence < $below)
  AND ($label IS NULL OR EXISTS {
    MATCH (image)-[shows:HAS_LABEL]->(:Label {label_name: $label})
    WHERE shows.confidence >= coalesce($at_least, 0) AND ($below IS NULL OR shows.confidence < $below)
  })
  AND ($camera IS NULL OR camera.camera_name = $camera)
  AND ($first IS NULL OR left(image.isodate, 10) >= $first)
  AND ($last IS NULL OR left(image.isodate, 10) <= $last)
  AND ($weekday IS NULL OR date(left(image.isodate, 10)).weekday = $weekday)
  AND ($hour IS NULL OR toInteger(substring(image.isodate, 11, 2)) = $hour)
  AND ($before IS NULL OR image.timestamp < $before
    OR (image.timestamp = $before AND image.image_id > coalesce($after, '')))
  AND ($beyond IS NULL OR image.timestamp < $beyond OR (image.timestamp = $beyond AND image.image_id > $beyond_id))
WITH camera, image, line, edge
ORDER BY edge.confidence DESC, line.text
WITH camera, image, collect(line.text)[0] AS text, max(edge.confidence) AS confidence
RETURN camera.camera_name AS camera, image.image_id AS image_id, image.isodate AS taken_at, text, confidence
ORDER BY image.timestamp DESC, image.image_id
LIMIT toInteger(coalesce($limit, 9223372036854775807))

// name: labels
// explains: Every label that was ever seen.
MATCH (label:Label)
WHERE label.label_name > ''
RETURN label.label_name AS label
ORDER BY label

// name: cameras
// explains: Every camera, with how many images it has and when it took the first and the last of them; one camera, or limit of them after a name.
// may take: camera, after, limit (number)
MATCH (camera:Camera)
WHERE camera.camera_name > coalesce($after, '')
  AND ($camera IS NULL OR camera.camera_name = $camera)
  AND EXISTS { (camera)-[:HAS_IMAGE]->(:Image) }
WITH camera
ORDER BY camera.camera_name
LIMIT toInteger(coalesce($limit, 9223372036854775807))
MATCH (camera)-[edge:HAS_IMAGE]->(:Image)
RETURN camera.camera_name AS camera, count(edge) AS images, min(edge.timestamp) AS first, max(edge.timestamp) AS last
ORDER BY camera

// name: camera-names
// explains: The name of every camera that has an image, without counting its images.
MATCH (camera:Camera)
WHERE camera.camera_name > '' AND EXISTS { (camera)-[:HAS_IMAGE]->(:Image) }
RETURN camera.camera_name AS camera
ORDER BY camera

// name: label-by-time
// explains: How many images show a label in each hour of each weekday (1 is Monday), by the cameras' own clocks, from a first day to a last; of a camera, with a confidence from at_least up, only of these days, without the images of leave_out.
// needs: label, first (day), last (day)
// may take: camera, at_least (number), days (lines), leave_out (lines)
MATCH (image:Image)
USING INDEX image:Image(timestamp)
WHERE datetime($first).epochSeconds - 86400 <= image.timestamp < datetime($last).epochSeconds + 2 * 86400
  AND $first <= left(image.isodate, 10) <= $last
  AND ($days IS NULL OR left(image.isodate, 10) IN $days)
  AND NOT image.image_id IN coalesce($leave_out, [])
MATCH (camera:Camera)-[:HAS_IMAGE]->(image)-[edge:HAS_LABEL]->(:Label {label_name: $label})
WHERE edge.confidence >= coalesce($at_least, 0) AND ($camera IS NULL OR camera.camera_name = $camera)
RETURN date(left(image.isodate, 10)).weekday AS weekday, toInteger(substring(image.isodate, 11, 2)) AS hour,
  count(*) AS images
ORDER BY weekday, hour

// name: label-by-confidence
// explains: How many images show a label with a confidence in each band of 5 %, from a first day to a last; a band is named by where it begins, and the last holds 100 %; of a camera, only of these days, without the images of leave_out.
// needs: label, first (day), last (day)
// may take: camera, days (lines), leave_out (lines)
MATCH (image:Image)
USING INDEX image:Image(timestamp)
WHERE datetime($first).epochSeconds - 86400 <= image.timestamp < datetime($last).epochSeconds + 2 * 86400
  AND $first <= left(image.isodate, 10) <= $last
  AND ($days IS NULL OR left(image.isodate, 10) IN $days)
  AND NOT image.image_id IN coalesce($leave_out, [])
MATCH (camera:Camera)-[:HAS_IMAGE]->(image)-[edge:HAS_LABEL]->(:Label {label_name: $label})
WHERE $camera IS NULL OR camera.camera_name = $camera
WITH CASE WHEN edge.confidence >= 95 THEN 95 ELSE 5 * toInteger(floor(edge.confidence / 5)) END AS from_percent
RETURN from_percent, count(*) AS images
ORDER BY from_percent

// name: images-between
// explains: Which of some images were taken from a first day to a last, by the cameras' own clocks; those that show a label, or of a camera.
// needs: images (lines), first (day), last (day)
// may take: label, camera
UNWIND $images AS image_id
MATCH (camera:Camera)-[:HAS_IMAGE]->(image:Image {image_id: image_id})
WHERE $first <= left(image.isodate, 10) <= $last
  AND ($camera IS NULL OR camera.camera_name = $camera)
  AND ($label IS NULL OR EXISTS { MATCH (image)-[:HAS_LABEL]->(:Label {label_name: $label}) })
RETURN image.image_id AS image_id

// name: months
// explains: How many images show each label in one month and in another; 2016-11 is one November, 11 is every November; without the images of leave_out.
// needs: before (month), after (month)
// may take: camera, at_least (number), leave_out (lines)
UNWIND [[1, 0, $before], [0, 1, $after]] AS asked
WITH asked[0] AS is_before, asked[1] AS is_after, [part IN split(asked[2], '-') | toInteger(part)] AS parts
MATCH (month:Month {month_value: parts[-1]})<-[:HAS_MONTH]-(image:Image)
WHERE (size(parts) = 1 OR EXISTS { (image)-[:HAS_YEAR]->(:Year {year_value: parts[0]}) })
  AND ($camera IS NULL OR EXISTS { (image)<-[:HAS_IMAGE]-(:Camera {camera_name: $camera}) })
  AND NOT image.image_id IN coalesce($leave_out, [])
MATCH (image)-[edge:HAS_LABEL]->(label:Label)
WHERE edge.confidence >= coalesce($at_least, 0)
WITH label.label_name AS label, sum(is_before) AS images_before, sum(is_after) AS images_after
RETURN label, images_before, images_after, images_after - images_before AS more
ORDER BY abs(more) DESC, label

// name: labels-of-days
// explains: How many images show each label, and how many of them (of_percents) with which whole percents of confidence (percents), from a first day to a last, by the cameras' own clocks, in no order; the line without a label says how many images there are, whatever they show; of a camera, without the images of leave_out.
// needs: first (day), last (day)
// may take: camera, at_least (number), leave_out (lines)
MATCH (image:Image)
USING INDEX image:Image(timestamp)
WHERE datetime($first).epochSeconds - 86400 <= image.timestamp < datetime($last).epochSeconds + 2 * 86400
  AND $first <= left(image.isodate, 10) <= $last
  AND ($leave_out IS NULL OR NOT image.image_id IN $leave_out)
  AND ($camera IS NULL OR EXISTS { (image)<-[:HAS_IMAGE]-(:Camera {camera_name: $camera}) })
WITH collect(image) AS found
CALL (found) {
  UNWIND found AS image
  MATCH (image)-[edge:HAS_LABEL]->(label:Label)
  WHERE edge.confidence >= coalesce($at_least, 0)
  WITH label, toInteger(edge.confidence) AS percent, count(*) AS of_percent
  ORDER BY percent
  WITH label, sum(of_percent) AS images, collect(percent) AS percents, collect(of_percent) AS of_percents
  RETURN label.label_name AS label, images, percents, of_percents
  UNION ALL
  RETURN null AS label, size(found) AS images, [] AS percents, [] AS of_percents
}
RETURN label, images, percents, of_percents

// name: persons-nearby
// explains: Images of other cameras that show a person within some minutes (10) of an image, the nearest first.
// needs: image
// may take: minutes (number), at_least (number)
MATCH (here:Camera)-[:HAS_IMAGE]->(given:Image {image_id: $image})
WITH here, given, 60 * coalesce($minutes, 10) AS apart
MATCH (image:Image)
USING INDEX image:Image(timestamp)
WHERE given.timestamp - apart <= image.timestamp <= given.timestamp + apart
MATCH (camera:Camera)-[:HAS_IMAGE]->(image)-[edge:HAS_LABEL]->(label:Label {label_name: 'Person'})
WHERE camera.camera_name <> here.camera_name AND edge.confidence >= coalesce($at_least, 50)
RETURN camera.camera_name AS camera, image.image_id AS image_id, image.isodate AS taken_at,
  image.timestamp - given.timestamp AS seconds_later, edge.confidence AS confidence
ORDER BY abs(seconds_later), image_id

// name: labels-together
// explains: Labels that appear on the images of a label, with the share of these images in percent, the commonest first.
// needs: label
// may take: at_least (number)
MATCH (label:Label {label_name: $label})
WITH label, coalesce($at_least, 0) AS low
WITH label, low, COUNT { (label)<-[edge:HAS_LABEL]-(:Image) WHERE edge.confidence >= low } AS all_images
MATCH (label)<-[edge:HAS_LABEL]-(:Image)-[also:HAS_LABEL]->(other:Label)
WHERE edge.confidence >= low AND also.confidence >= low
WITH other.label_name AS together_with, count(*) AS images, all_images
RETURN together_with, images, 100.0 * images / all_images AS percent
ORDER BY images DESC, together_with

// name: cameras-by-hour
// explains: How many images each camera took in each hour of the day; of a label, those that show it.
// may take: label, at_least (number)
MATCH (camera:Camera)
WHERE camera.camera_name > ''
MATCH (camera)-[:HAS_IMAGE]->(image:Image)-[:HAS_HOUR]->(hour:Hour)
WHERE $label IS NULL OR EXISTS {
  MATCH (image)-[edge:HAS_LABEL]->(label:Label {label_name: $label}) WHERE edge.confidence >= coalesce($at_least, 0)
}
RETURN camera.camera_name AS camera, hour.hour_value AS hour, count(*) AS images
ORDER BY camera, hour
